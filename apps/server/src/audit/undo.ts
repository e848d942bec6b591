import type { Client, ObjectRef } from '@wheelhouse/shared/client/client';
import { apiError, badRequest, isNotFound, notFound } from '@wheelhouse/shared/errors';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { UserInfo, VirtualResource } from '../http/extension';
import type { AuditDatabase } from './database';
import { AUDIT_GROUP, AUDIT_VERSION } from './entry';
import type { AuditEntry } from './generated/client';
import { type Change, diff } from './history';
import { query } from './query-database';

export interface UndoServices {
  readonly database: Pick<AuditDatabase, 'prisma' | 'ensure'>;
  /** The undo is a write of the user who asks for it, with their rights and under their name. */
  readonly clientFor: (user: UserInfo) => Client;
  readonly kinds: readonly ResourceType[];
}

/** What can be done about an entry; pure, see {@link planUndo}. */
export type UndoPlan =
  | { readonly action: 'nothing' }
  | { readonly action: 'update'; readonly object: KubeObject }
  | { readonly action: 'create'; readonly object: KubeObject }
  | { readonly action: 'conflict'; readonly changes: readonly Change[] };

/**
 * `POST …/undos` with `{spec: {entry: NAME, dryRun?: true}}`: puts back what was before that entry, unless something
 * else has changed it since; then 409 says what. Status is never put back: it is observed, not wanted.
 */
export function createUndos(services: UndoServices): VirtualResource {
  return {
    plural: 'undos',
    singular: 'undo',
    kind: 'Undo',
    namespaced: false,
    async create(body, request) {
      const { entry: id, dryRun } = readBody(body);
      const { database } = services;
      const entry = await query(database, () => database.prisma.auditEntry.findUnique({ where: { id } }));
      if (!entry) throw notFound({ group: AUDIT_GROUP, kind: 'entries', name: id });
      const type = typeOf(entry, services.kinds);
      const client = services.clientFor(request.user);
      const ref = { name: entry.name, ...(entry.namespace ? { namespace: entry.namespace } : {}) };
      const current = await read(client, type, ref);
      const plan = planUndo(entry, current);
      const result = await carryOut(plan, { client, type, entry, dryRun, current });
      return {
        kind: 'Undo',
        apiVersion: `${AUDIT_GROUP}/${AUDIT_VERSION}`,
        metadata: {},
        spec: { entry: id, ...(dryRun ? { dryRun } : {}) },
        status: { action: plan.action, changes: diff(current, result), object: result },
      };
    },
  };
}

function readBody(body: unknown): { entry: string; dryRun: boolean } {
  const spec = isMap(body) && isMap(body.spec) ? body.spec : {};
  if (typeof spec.entry !== 'string' || spec.entry === '') {
    throw badRequest('spec.entry must name the entry to undo: its metadata.name');
  }
  if (spec.dryRun !== undefined && typeof spec.dryRun !== 'boolean')
    throw badRequest('spec.dryRun must be true or false');
  return { entry: spec.entry, dryRun: spec.dryRun === true };
}

/** Throws 400 for what cannot be undone, with the reason. */
function typeOf(entry: AuditEntry, kinds: readonly ResourceType[]): ResourceType {
  const type = kinds.find(({ group, plural }) => group === entry.apiGroup && plural === entry.resource);
  if (!type) throw badRequest(`${entry.resource} cannot be written back: the server does not know them`);
  if (entry.responseCode >= 400) throw badRequest('the write was refused: there is nothing to undo');
  if (entry.resource === 'secrets' && entry.apiGroup === '') {
    throw badRequest('secrets cannot be put back: their values are never recorded');
  }
  if (entry.subresource === 'status')
    throw badRequest('a status cannot be put back: it is what was observed');
  if (!isMap(entry.before)) {
    throw badRequest(
      entry.verb === 'create'
        ? `there was nothing before; delete ${entry.resource}/${entry.name} instead`
        : 'the object as it was before is not recorded',
    );
  }
  return type;
}

async function read(client: Client, type: ResourceType, ref: ObjectRef): Promise<KubeObject | undefined> {
  try {
    return await client.get(type, ref);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Metadata that people decide about; the rest belongs to the server. */
const OWN_METADATA = ['labels', 'finalizers', 'ownerReferences'] as const;

/** What stands now against what the entry left behind and what was there before it. */
export function planUndo(
  entry: { readonly before: unknown; readonly after: unknown },
  current: KubeObject | undefined,
): UndoPlan {
  const { before, after } = entry;
  if (!isMap(before)) return { action: 'nothing' };
  if (!current) {
    if (isMap(after) && !isDeleting(after)) {
      return { action: 'conflict', changes: diff(wanted(after), undefined) };
    }
    return { action: 'create', object: fresh(before) };
  }
  if (isDeleting(fieldsOf(current))) {
    return {
      action: 'conflict',
      changes: diff({}, { metadata: { deletionTimestamp: current.metadata?.deletionTimestamp } }),
    };
  }
  // Gone for good when it was deleted: what stands there now is another one.
  if (!isMap(after)) return { action: 'conflict', changes: diff(undefined, wanted(current)) };
  const since = diff(wanted(after), wanted(current));
  if (since.length > 0 || uidOf(after) !== uidOf(current)) return { action: 'conflict', changes: since };
  if (diff(wanted(before), wanted(current)).length === 0) return { action: 'nothing' };
  return { action: 'update', object: putBack(before, current) };
}

/** The deployment controller keeps its books in annotations; they follow from the rest. */
const isBookkeeping = (annotation: string) => annotation.startsWith('deployment.kubernetes.io/');

/** The part of an object that says what is wanted. */
function wanted(object: object): Fields {
  const { status: _, kind: _kind, apiVersion: _version, metadata, ...rest } = fieldsOf(object);
  const meta = isMap(metadata) ? metadata : {};
  const own = OWN_METADATA.filter((name) => meta[name] !== undefined).map((name) => [name, meta[name]]);
  return {
    ...rest,
    metadata: {
      ...Object.fromEntries(own),
      annotations: annotationsOf(meta, (name) => !isBookkeeping(name)),
    },
  };
}

function annotationsOf(metadata: Fields, keep: (name: string) => boolean): Fields {
  const { annotations } = metadata;
  return Object.fromEntries(
    Object.entries(isMap(annotations) ? annotations : {}).filter(([name]) => keep(name)),
  );
}

function putBack(before: Fields, current: KubeObject): KubeObject {
  const { metadata: old, ...content } = wanted(before);
  const now = fieldsOf(current);
  const metadata: Record<string, unknown> = { ...current.metadata };
  for (const name of OWN_METADATA) delete metadata[name];
  // `current` gives identity and revision, so that a write in between is noticed; status stays as it is.
  return {
    kind: now.kind,
    apiVersion: now.apiVersion,
    metadata: {
      ...metadata,
      ...(isMap(old) ? old : {}),
      annotations: {
        ...annotationsOf(fieldsOf(metadata), isBookkeeping),
        ...annotationsOf(isMap(old) ? old : {}, () => true),
      },
    },
    ...content,
    ...(now.status === undefined ? {} : { status: now.status }),
  } as KubeObject;
}

/** The object as someone would create it: without what the server and the scheduler gave it. */
function fresh(before: Fields): KubeObject {
  const { metadata: own, ...content } = wanted(before);
  const { name, namespace } = isMap(before.metadata) ? before.metadata : {};
  const { finalizers: _, ...rest } = isMap(own) ? own : {};
  const spec = isMap(content.spec) ? { ...content.spec } : undefined;
  if (spec && before.kind === 'Pod') delete spec.nodeName;
  return {
    kind: before.kind,
    apiVersion: before.apiVersion,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...rest },
    ...content,
    ...(spec ? { spec } : {}),
  } as KubeObject;
}

interface Undoing {
  readonly client: Client;
  readonly type: ResourceType;
  readonly entry: AuditEntry;
  readonly dryRun: boolean;
  readonly current: KubeObject | undefined;
}

async function carryOut(plan: UndoPlan, undoing: Undoing): Promise<KubeObject | undefined> {
  const { client, type, entry, dryRun, current } = undoing;
  switch (plan.action) {
    case 'nothing':
      return current;
    case 'update':
      return client.update(type, plan.object, { dryRun });
    case 'create':
      return client.create(type, plan.object, { dryRun });
    case 'conflict': {
      const paths = plan.changes.slice(0, 5).map(({ path }) => path || 'the whole object');
      const what = !current
        ? 'it does not exist any more'
        : paths.length > 0
          ? `it has changed since: ${paths.join(', ')}`
          : 'another object has its name now';
      throw apiError(
        'Conflict',
        `cannot undo the ${entry.verb} of ${entry.resource} "${entry.name}": ${what}`,
        {
          subject: { group: entry.apiGroup, kind: entry.resource, name: entry.name },
          causes: paths.map((field) => ({
            reason: 'FieldValueInvalid',
            field,
            message: 'changed since the entry that is to be undone',
          })),
        },
      );
    }
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(object: object): Fields {
  return isMap(object) ? object : {};
}

function uidOf(object: object): unknown {
  const { metadata } = fieldsOf(object);
  return isMap(metadata) ? metadata.uid : undefined;
}

function isDeleting(object: Fields): boolean {
  return isMap(object.metadata) && object.metadata.deletionTimestamp !== undefined;
}
