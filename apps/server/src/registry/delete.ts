import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import { conflict, notFound, staleWrite } from '@wheelhouse/shared/errors';
import type { KubeObject, Status, Stored } from '@wheelhouse/shared/meta/object';
import { planDeletion } from './deletion';
import type { Entry } from './entry';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { StoredResource } from './stored-resource';
import { NewestState } from './update';

const ATTEMPTS = 200;

export interface Deletion {
  readonly context: RequestContext;
  readonly ref: Ref;
  readonly options: DeleteOptions & { readonly orphanDependents?: boolean };
  /** Admission has been asked about what the deletion is part of. */
  readonly isAdmitted?: boolean;
}

/** Deletes an object, or marks it as being deleted where grace or finalizers hold it. */
export async function deleteObject(resource: StoredResource, deletion: Deletion): Promise<WriteOutcome> {
  const { context, ref, options } = deletion;
  const key = resource.key(ref);
  const newest = new NewestState(resource, key);
  let current = context.dryRun ? await newest.sure() : await newest.likely();
  let admitted = deletion.isAdmitted ?? false;
  // The first state seen, for the audit: a mark that this very call made is not "before".
  let before: Entry | undefined;
  for (let attempt = 1; ; attempt++) {
    if (!current) {
      // Marked by us and removed by another: that is what was asked for.
      if (before)
        return { before, after: undefined, answer: removedAnswer(resource, before), created: false };
      throw notFound(resource.subject(ref.name));
    }
    const entry: Entry = current;
    try {
      checkPreconditions(resource, ref, options, entry.object);
      if (!admitted) {
        await resource.prepared([entry]);
        const oldObject = resource.view(entry);
        await resource.admit('delete', { context, ref, object: undefined, oldObject, options });
        admitted = true;
      }
    } catch (error) {
      current = await newest.other(entry);
      if (current === entry) throw error;
      continue;
    }
    const stored = await resource.restored(entry);
    const plan = planDeletion(resource.kind, stored, options, resource.now());
    if (plan.action === 'none') {
      current = await newest.other(entry);
      if (current !== entry) continue;
      return { before: entry, after: entry, answer: entry, created: false };
    }
    if (plan.action === 'mark' || plan.action === 'mark-and-remove') {
      const marked = await mark(resource, context, ref, entry, plan.next);
      if (marked && plan.action === 'mark')
        return { before: entry, after: marked, answer: marked, created: false };
      if (marked) {
        before ??= entry;
        if (await remove(resource, context, key, marked)) {
          return { before, after: undefined, answer: removedAnswer(resource, marked), created: false };
        }
      }
    } else if (await remove(resource, context, key, entry)) {
      const last = plan.last ? asWritten(resource, ref, plan.last, entry.revision) : entry;
      return {
        before: before ?? entry,
        after: undefined,
        answer: removedAnswer(resource, last),
        created: false,
      };
    }
    if (attempt >= ATTEMPTS) throw staleWrite(resource.subject(ref.name));
    current = await newest.reread();
  }
}

function checkPreconditions(
  resource: StoredResource,
  ref: Ref,
  options: DeleteOptions,
  current: Stored<KubeObject>,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = current;
  const subject = { ...resource.subject(ref.name), kind: resource.kind.kind };
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      subject,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      subject,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** An entry that was never stored, of an object in stored form: deletion concerns metadata alone. */
function asWritten(resource: StoredResource, ref: Ref, next: KubeObject, revision: number): Entry {
  return resource.codec.written(resource.key(ref), resource.codec.encode(next), revision, next);
}

/** Undefined: the race was lost. */
async function mark(
  resource: StoredResource,
  context: RequestContext,
  ref: Ref,
  entry: Entry,
  next: KubeObject,
): Promise<Entry | undefined> {
  if (context.dryRun) return asWritten(resource, ref, next, entry.revision);
  const { feed } = resource.services;
  const key = resource.key(ref);
  const value = resource.encode(next);
  feed.announce(key, value, next);
  try {
    const result = await resource.write({ op: 'put', key, value, expected: entry.revision });
    if (result.ok) return feed.acknowledge(resource.cache, key, value, result.revision, next);
    feed.retract(key, value);
    return undefined;
  } catch (error) {
    feed.retract(key, value);
    throw error;
  }
}

/** False: the race was lost. */
async function remove(
  resource: StoredResource,
  context: RequestContext,
  key: string,
  entry: Entry,
): Promise<boolean> {
  if (context.dryRun) return true;
  const result = await resource.write({ op: 'delete', key, expected: entry.revision });
  if (!result.ok) return false;
  await resource.hook?.removed?.(entry.object);
  return true;
}

function removedAnswer(resource: StoredResource, entry: Entry): Entry | Status {
  const { kind } = resource;
  if (kind.deleteReturnsObject || kind.gracefulDeletion) return entry;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: entry.name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.plural,
      uid: entry.object.metadata.uid,
    },
  };
}
