import { conflict, isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { createObject } from './create';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { StoredResource } from './stored-resource';

/** Rounds of "not there" and "there already" in which others create and delete what is being put. */
const ATTEMPTS = 10;

export interface Replacement {
  readonly context: RequestContext;
  readonly ref: Ref;
  /** Changes what is there. Throws NotFound. */
  replace(): Promise<WriteOutcome>;
  /** What was sent; a private copy. */
  sent(): KubeObject;
}

/** A PUT of the few kinds that are created by it where they are not: whatever revision it names is that of something gone. */
export async function replaceOrCreate(
  resource: StoredResource,
  { context, ref, replace, sent }: Replacement,
): Promise<WriteOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await replace();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const object = sent();
    const { resourceVersion: _gone, ...metadata } = object.metadata ?? {};
    if (metadata.uid) {
      throw conflict(
        resource.subject(ref.name),
        `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: `,
      );
    }
    await context.mayCreate?.();
    object.metadata = metadata;
    try {
      return await createObject(resource, { context, namespace: ref.namespace, object });
    } catch (error) {
      if (attempt >= ATTEMPTS || !isAlreadyExists(error)) throw error;
    }
  }
}
