import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { removeSlices, writeSlices } from '../endpointslice/write-slices';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerReference } from '../machinery/owners';
import { inherited, isMirrored, planMirror } from './plan';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const NAME = 'endpointslicemirroring-controller.k8s.io';

/**
 * Makes EndpointSlices of the Endpoints that people write themselves, so that proxies and DNS need to read slices only.
 * Endpoints, their service and the slices share one name, which is the key.
 */
export const endpointSliceMirroringController: ControllerDefinition = {
  name: 'endpointslicemirroring',
  setup(context) {
    const { client } = context;
    const queue = context.queue();
    const endpoints = context.cache(endpointsKind);
    const services = context.cache(serviceKind);
    const slices = context.cache(endpointSliceKind);
    const enqueueKey = (object: Stored<KubeObject>) => queue.add(keyOf(object));
    const always = { added: enqueueKey, updated: enqueueKey, deleted: enqueueKey };
    context.informer(endpointsKind).subscribe(always);
    context.informer(serviceKind).subscribe(always);
    context.informer(endpointSliceKind).subscribe({
      added: enqueue,
      updated(slice, previous) {
        enqueue(previous);
        enqueue(slice);
      },
      deleted: enqueue,
    });

    function enqueue({ metadata }: Stored<EndpointSlice>): void {
      const service = metadata.labels?.[SERVICE_NAME];
      if (service && isMine(metadata.labels)) queue.add(`${metadata.namespace}/${service}`);
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const mine = slices
        .byIndex('service', key)
        .filter(({ metadata }) => isMine(metadata.labels) && !metadata.deletionTimestamp);
      const source = endpoints.get(key);
      if (!source || !isMirrored(source, services.get(key))) return removeSlices(client, mine);
      const { name, namespace = '' } = source.metadata;
      const { labels, annotations } = inherited(source);
      return writeSlices(client, mine, planMirror(source, mine), {
        namespace,
        name,
        labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: NAME },
        annotations,
        ownerReferences: [controllerReference(endpointsKind, source)],
      });
    }

    return { name: 'mirrored endpoints', queue, reconcile };
  },
};

const isMine = (labels: Readonly<Record<string, string>> | undefined) => labels?.[MANAGED_BY] === NAME;
