import { isAlreadyExists } from '@wheelhouse/shared/errors';
import { DEFAULT_CLASS_ANNOTATION } from '@wheelhouse/shared/kinds/core/volume-common';
import { HOST_PATH_DRIVER, HOST_PATH_PROVISIONER } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { type CSIDriver, csiDriverKind } from '@wheelhouse/shared/kinds/storage/csi-driver';
import { type StorageClass, storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { ControllerDefinition, Outcome } from '../machinery/controller';

const KEY = HOST_PATH_DRIVER;

const STANDARD: StorageClass = {
  kind: 'StorageClass',
  apiVersion: 'storage.k8s.io/v1',
  metadata: { name: 'standard', annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } },
  provisioner: HOST_PATH_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

const DRIVER: CSIDriver = {
  kind: 'CSIDriver',
  apiVersion: 'storage.k8s.io/v1',
  metadata: { name: HOST_PATH_DRIVER },
  spec: { attachRequired: false, podInfoOnMount: false, volumeLifecycleModes: ['Persistent'] },
};

/**
 * Makes the class `standard` in a new cluster, once: where the driver's object is there, the class was made, and
 * whoever changed or deleted it since meant to.
 */
export const hostPathClassController: ControllerDefinition = {
  name: 'host-path-class',
  setup(context) {
    const { client } = context;
    const queue = context.queue();
    const drivers = context.cache(csiDriverKind);
    context.informer(csiDriverKind).subscribe({
      deleted({ metadata }) {
        if (metadata.name === HOST_PATH_DRIVER) queue.add('driver');
      },
    });
    const ensure = async (work: Promise<unknown>) => {
      await work.catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    };

    async function reconcile(key: string): Promise<Outcome> {
      if (drivers.get(HOST_PATH_DRIVER)) return;
      if (key === KEY) await ensure(client.create(storageClassKind, STANDARD));
      await ensure(client.create(csiDriverKind, DRIVER));
    }
    queue.add(KEY);
    return { name: 'class', queue, reconcile, workers: 1 };
  },
};
