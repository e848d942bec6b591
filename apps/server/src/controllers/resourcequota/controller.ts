import { isNotFound } from '@wheelhouse/shared/errors';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { type ResourceQuota, resourceQuotaKind } from '@wheelhouse/shared/kinds/core/resource-quota';
import type { KindDefinition, ResourceType } from '@wheelhouse/shared/meta/kind';
import {
  type KubeObject,
  keyOf,
  type ObjectKey,
  type Stored,
  splitKey,
} from '@wheelhouse/shared/meta/object';
import { type Amounts, addAmounts, isEmpty, withoutAmounts, withoutZeros } from '../../quota/amounts';
import { evaluatorOf } from '../../quota/evaluator';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { followCustomTypes } from '../machinery/custom-types';
import { type Contents, extended, isOutdated, isSameResource, recounted, releaseOf, relieved } from './books';

/** A quota that was left alone for so long has no object on its way that is charged but not yet to be seen. */
const QUIET_MS = 5_000;
/** Everything is counted again so often, should nothing else give a reason. */
const RECOUNT_MS = 300_000;

interface Book {
  /** Given back since the last write. */
  pending: Amounts;
  /** When the quota was seen to change last. */
  changedAt: number;
}

/**
 * Keeps `status.used` of quotas true. What objects take is charged by admission before they are written, so that
 * counting them here could undo a charge whose object is still on its way: what goes is given back piece by piece, and
 * everything is counted only when a quota is new or was not written for some seconds. Every write is a
 * compare-and-swap.
 */
export const resourceQuotaController: ControllerDefinition = {
  name: 'resourcequota',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const quotas = context.cache(resourceQuotaKind);
    const books = new Map<ObjectKey, Book>();
    const types: ResourceType[] = allKinds.filter(isCounted);
    for (const type of types) follow(type);
    followCustomTypes(context, {
      added(type) {
        if (!type.namespaced || types.some((known) => isSameResource(known, type))) return;
        types.push(type);
        follow(type);
        for (const quota of quotas.list()) queue.addAfter(keyOf(quota), QUIET_MS);
      },
      removed(type) {
        const at = types.findIndex((known) => isSameResource(known, type));
        if (at >= 0) types.splice(at, 1);
        context.forget(type);
        for (const quota of quotas.list()) queue.addAfter(keyOf(quota), QUIET_MS);
      },
    });
    const touched = (quota: Stored<ResourceQuota>) => {
      bookOf(keyOf(quota)).changedAt = clock.now().getTime();
      if (isOutdated(quota)) queue.add(keyOf(quota));
      queue.addAfter(keyOf(quota), QUIET_MS);
    };
    context.informer(resourceQuotaKind).subscribe({
      added: touched,
      updated: touched,
      deleted: (quota) => books.delete(keyOf(quota)),
    });

    function follow(type: ResourceType): void {
      context.informer<KubeObject>(type).subscribe({
        updated: (object, previous) => giveBack(type, previous, object),
        deleted: (object) => giveBack(type, object, undefined),
      });
    }

    function giveBack(type: ResourceType, previous: Stored<KubeObject>, next: KubeObject | undefined): void {
      const { namespace } = previous.metadata;
      if (namespace === undefined) return;
      for (const quota of quotas.byIndex('namespace', namespace)) {
        const amounts = releaseOf(quota, type, previous, next);
        if (isEmpty(amounts)) continue;
        const book = bookOf(keyOf(quota));
        book.pending = addAmounts(book.pending, amounts);
        queue.add(keyOf(quota));
      }
    }

    function bookOf(key: ObjectKey): Book {
      let book = books.get(key);
      if (!book) {
        book = { pending: {}, changedAt: clock.now().getTime() };
        books.set(key, book);
      }
      return book;
    }

    function contentsOf(namespace: string): Contents {
      return new Map(
        types.map((type) => [type, context.cache<KubeObject>(type).byIndex('namespace', namespace)]),
      );
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const { namespace = '' } = splitKey(key);
      const quota = quotas.get(key);
      if (!quota) return undefined;
      const book = bookOf(key);
      if (isOutdated(quota)) {
        // Nothing is charged to a quota that has not been counted: the first time everything is.
        const contents = contentsOf(namespace);
        if (quota.status?.used === undefined)
          return write(quota, book, book.pending, recounted(quota, contents));
        return write(quota, book, {}, extended(quota, contents));
      }
      const quiet = clock.now().getTime() - book.changedAt >= QUIET_MS;
      if (quiet) {
        await write(quota, book, book.pending, recounted(quota, contentsOf(namespace)));
        return { requeueAfterMs: RECOUNT_MS };
      }
      const { pending } = book;
      if (isEmpty(pending)) return undefined;
      return write(quota, book, pending, relieved(quota, pending));
    }

    /** `settled`: what needs not be given back any more once the status stands. */
    async function write(
      quota: Stored<ResourceQuota>,
      book: Book,
      settled: Amounts,
      status: ResourceQuota['status'] | undefined,
    ): Promise<undefined> {
      if (status) {
        try {
          await client.update(resourceQuotaKind, { ...quota, status }, { subresource: 'status' });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      // More may have come while this was being written.
      book.pending = withoutZeros(withoutAmounts(book.pending, settled));
      if (!isEmpty(book.pending)) queue.add(keyOf(quota));
      return undefined;
    }

    return { name: 'quotas', queue, reconcile };
  },
};

function isCounted(kind: KindDefinition): boolean {
  if (!kind.namespaced || kind.storedAs || !evaluatorOf(kind)) return false;
  return !kind.verbs || (kind.verbs.includes('list') && kind.verbs.includes('watch'));
}
