import { rm, rmdir } from 'node:fs/promises';
import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { isConflict, isInvalid, isNotFound } from '@wheelhouse/shared/errors';
import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  HOST_PATH_DRIVER,
  HOST_PATH_FINALIZER,
  HOST_PATH_NODE_LABEL,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import type { Logger } from 'pino';
import { hostPathDirectory } from './persistent-volumes';

export interface VolumeJanitorOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly directory: string;
}

const RETRY_MS = 5_000;

/**
 * Removes the directories of this node's volumes that are on their way out, then lets the volumes go. Sleeps until
 * the node has its first such volume, so that nodes without any cost the server nothing.
 */
export class VolumeJanitor {
  #informer: Informer<PersistentVolume> | undefined;
  #stopped = false;
  readonly #working = new Set<string>();
  readonly #cancels = new Set<() => void>();

  constructor(private readonly options: VolumeJanitorOptions) {}

  wake(): void {
    if (this.#informer || this.#stopped) return;
    const { client, clock, log, nodeName } = this.options;
    this.#informer = createInformer<PersistentVolume>(client, persistentVolumeKind, {
      labelSelector: `${HOST_PATH_NODE_LABEL}=${nodeName}`,
      clock,
      onError: (error) => log.debug({ err: error }, 'watching volumes failed; it is taken up again'),
    });
    const look = (volume: Stored<PersistentVolume>) => void this.#look(volume);
    this.#informer.subscribe({ added: look, updated: look });
    this.#informer.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#informer?.stop();
    for (const cancel of this.#cancels) cancel();
  }

  async #look(volume: Stored<PersistentVolume>): Promise<void> {
    const { name, uid, deletionTimestamp, finalizers = [] } = volume.metadata;
    if (this.#stopped || !deletionTimestamp || !finalizers.includes(HOST_PATH_FINALIZER)) return;
    if (volume.spec?.csi?.driver !== HOST_PATH_DRIVER || volume.status?.phase === 'Bound') return;
    if (this.#working.has(uid)) return;
    this.#working.add(uid);
    const { client, clock, log, directory } = this.options;
    try {
      await rm(hostPathDirectory(directory, volume.spec.csi.volumeHandle), { recursive: true, force: true });
      // When it was the last one; anything else in there keeps it.
      await rmdir(directory).catch(() => undefined);
      const at = finalizers.indexOf(HOST_PATH_FINALIZER);
      const path = `/metadata/finalizers/${at}`;
      await client.patch(
        persistentVolumeKind,
        { name },
        {
          type: 'json',
          body: [
            { op: 'test', path, value: HOST_PATH_FINALIZER },
            { op: 'remove', path },
          ],
        },
      );
      log.info({ volume: name }, 'removed the data of a volume that nobody claims any more');
    } catch (error) {
      if (isNotFound(error)) return;
      // Somebody changed the finalizers meanwhile: the next event, or this timer, sees them.
      if (!isConflict(error) && !isInvalid(error)) {
        log.warn({ err: error, volume: name }, 'a volume could not be removed; tried again later');
      }
      const cancel = clock.after(RETRY_MS, () => {
        this.#cancels.delete(cancel);
        const current = this.#informer?.get(keyOf(volume));
        if (current) void this.#look(current);
      });
      this.#cancels.add(cancel);
    } finally {
      this.#working.delete(uid);
    }
  }
}
