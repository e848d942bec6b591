import { randomUUID } from 'node:crypto';
import { alreadyExists, apiError, badRequest, generatedNameTaken } from '@wheelhouse/shared/errors';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { timestamp } from '@wheelhouse/shared/meta/timestamp';
import { validateObjectMeta } from '@wheelhouse/shared/meta/validation';
import { isRevision } from './list';
import { dropRepeatedOwners } from './owner-references';
import { type Owners, packOwners, setOwners, trackOwners } from './owners';
import { pause } from './pause';
import type { RequestContext, Reservation, WriteOutcome } from './request-context';
import { generateName, type MutableMeta, type StoredResource } from './stored-resource';

/** Generated names that are taken are tried again this often. */
const NAME_ATTEMPTS = 8;

/**
 * Creates an object. `object` is the request's own copy, decoded by the kind's schema; it is completed, admitted,
 * validated and stored. Throws AlreadyExists, Invalid, BadRequest and whatever admission refuses with.
 */
export async function createObject(
  resource: StoredResource,
  request: {
    readonly context: RequestContext;
    readonly namespace: string | undefined;
    readonly object: KubeObject;
    /** Who owns what, where that is known already; otherwise everything is the writer's. */
    readonly owners?: Owners | undefined;
  },
): Promise<WriteOutcome> {
  const { object } = request;
  resource.kind.custom?.refuseCreate?.();
  dropRepeatedOwners(object, request.context, 'sent');
  const metadata = ownMetadata(resource, object, request.namespace);
  if (resource.kind.namedByServer && !metadata.generateName) metadata.name ||= randomUUID();
  if (metadata.name || !metadata.generateName) return attempt(resource, request, metadata, object);
  const base = metadata.generateName;
  for (let tries = 1; ; tries++) {
    // An attempt may weave its name and uid into labels: the next one begins anew.
    const own = { ...metadata, name: generateName(base) };
    const copy = tries < NAME_ATTEMPTS ? structuredClone(object) : object;
    try {
      return await attempt(resource, { ...request, generatedFrom: base }, own, object);
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
      if (tries === NAME_ATTEMPTS) throw error.refusal;
      Object.assign(object, copy);
    }
  }
}

/** A generated name that exists already: tried again. */
class NameTaken extends Error {
  constructor(readonly refusal: Error) {
    super('the generated name is taken');
  }
}

async function attempt(
  resource: StoredResource,
  request: {
    readonly context: RequestContext;
    readonly owners?: Owners | undefined;
    readonly generatedFrom?: string;
  },
  metadata: MutableMeta,
  object: KubeObject,
): Promise<WriteOutcome> {
  const { kind, services } = resource;
  const { context } = request;
  const now = resource.now();
  // Before the defaults, some of which are labels.
  object.metadata = metadata;
  // Some kinds weave it into what they select (jobs).
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(now);
  // Kinds that count none keep what was sent.
  if (resource.generation) metadata.generation = 1;
  kind.default?.(object);
  await pause(context);
  if (request.owners) setOwners(object, request.owners);
  else trackOwners(resource, request, object, undefined);
  await pause(context);
  kind.prepareForCreate?.(object, { now });
  const name = metadata.name ?? '';
  const asked = { namespace: metadata.namespace, name };

  const undo = await resource.admit(
    'create',
    { context, ref: asked, generatedFrom: request.generatedFrom, object, oldObject: undefined },
    (changed) => {
      if (changed) keepOwnMetadata(object, metadata);
      // What admission has filled in counts too: the limits of a pod decide on its class.
      kind.prepareForCreate?.(object, { now });
      resource.refuseInvalid(name, createErrors(resource, object));
    },
  );

  await pause(context);
  packOwners(resource, context, object);

  // A program outside may have given it another name.
  const ref = { namespace: metadata.namespace, name: object.metadata.name ?? name };
  const key = resource.key(ref);
  if (context.dryRun) {
    await services.feed.fresh();
    if (resource.cache.index.get(key)) throw taken(resource, key, metadata, request.generatedFrom);
    await (await resource.hook?.reserve(object, undefined, true))?.rollback();
    const after = await resource.unstored(ref, object, 0);
    return { before: undefined, after, answer: after, created: true };
  }

  // Once the write has been sent, only its answer can tell that it did not happen.
  let unwritten = true;
  let reservation: Reservation | undefined;
  try {
    reservation = await resource.hook?.reserve(object, undefined, false);
    const converted = resource.toStored(object);
    const stored = converted instanceof Promise ? await converted : converted;
    const value = resource.encode(stored);
    const lease = await services.leaseFor(resource.storageId);
    services.feed.announce(key, value, stored);
    try {
      unwritten = false;
      const result = await resource.write({
        op: 'put',
        key,
        value,
        expected: 0,
        ...(lease ? { lease } : {}),
      });
      if (!result.ok) {
        unwritten = true;
        throw taken(resource, key, metadata, request.generatedFrom);
      }
      const after = services.feed.acknowledge(resource.cache, key, value, result.revision, stored);
      await reservation?.commit();
      return { before: undefined, after, answer: after, created: true };
    } catch (error) {
      services.feed.retract(key, value);
      throw error;
    }
  } catch (error) {
    await reservation?.rollback();
    if (unwritten) await undo?.();
    throw error;
  }
}

/** What a program outside has made of the object has the server's own metadata, and no more than a new object may. */
function keepOwnMetadata(
  object: KubeObject,
  { namespace, uid, creationTimestamp, generation }: MutableMeta,
): void {
  const {
    resourceVersion: _revision,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    ...rest
  } = object.metadata ?? {};
  object.metadata = {
    ...rest,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** A name that was generated is tried anew; who chose one beside `generateName` is told as if it had been generated. */
function taken(
  resource: StoredResource,
  key: string,
  { generateName: base, name = '' }: MutableMeta,
  generatedFrom: string | undefined,
): Error {
  const subject = resource.subject(name);
  const refusal = base ? generatedNameTaken(subject) : alreadyExists(subject);
  const isGoing = resource.cache.index.get(key)?.object.metadata.deletionTimestamp !== undefined;
  const told = isGoing
    ? apiError('AlreadyExists', `object is being deleted: ${refusal.message}`, { subject })
    : refusal;
  return generatedFrom === undefined ? told : new NameTaken(told);
}

/** The metadata that a client may choose; the rest is the server's. */
function ownMetadata(
  resource: StoredResource,
  object: KubeObject,
  namespace: string | undefined,
): MutableMeta {
  const { kind } = resource;
  const sent = object.metadata ?? {};
  // What is no revision at all Kubernetes does not look at.
  if (sent.resourceVersion && isRevision(sent.resourceVersion) && !/^0+$/.test(sent.resourceVersion)) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  // One that has no place in a namespace gets rid of it.
  if (namespace && sent.namespace && sent.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (kind.namespaced && !namespace) {
    throw badRequest('an empty namespace may not be set during creation');
  }
  const {
    resourceVersion: _revision,
    selfLink: _link,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    namespace: _namespace,
    name,
    generateName: prefix,
    ...rest
  } = sent;
  return {
    ...(name ? { name } : {}),
    ...(prefix ? { generateName: prefix } : {}),
    ...(kind.namespaced && namespace ? { namespace } : {}),
    ...rest,
  };
}

function createErrors(resource: StoredResource, object: KubeObject): FieldError[] {
  const { kind } = resource;
  const errors = [...(kind.validate?.(object) ?? []), ...(kind.validateCreate?.(object) ?? [])];
  if (kind.metadataLast && errors.length > 0) return errors;
  return [...validateObjectMeta(kind, object.metadata), ...errors];
}
