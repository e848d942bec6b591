import { subresourcesOf } from '../meta/discovery';
import type { KindDefinition, SubresourceDefinition } from '../meta/kind';
import { connectionsOf } from './connections';
import { groupName } from './discovery-operations';
import { type QueryParameter, query } from './query-parameter';
import { DELETE_OPTIONS_TYPE, type GroupVersionKind, listTypeOf, STATUS_TYPE } from './schemas';

/** One operation of the API, before it is written in a dialect of OpenAPI. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head';
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** `list`, `get`, `post` … as Kubernetes' extension has it. */
  readonly action: string;
  readonly gvk: GroupVersionKind;
  readonly query: readonly QueryParameter[];
  readonly pathParameters: readonly string[];
  /** Type of the body; `patch` for patches. Undefined when there is none. */
  readonly body: string | undefined;
  readonly bodyRequired: boolean;
  /** Type of the answer; undefined: a text, or whatever comes out of a connection. */
  readonly response: string | undefined;
  /** Media types of the answer, where they are others than those of objects. */
  readonly produces?: readonly string[];
}

const PRETTY = query('pretty', 'string', 'Whether the output is indented.');
const DRY_RUN = query(
  'dryRun',
  'string',
  'When present, the change is checked but not made. The one valid value is All.',
);
const MANAGER = query('fieldManager', 'string', 'Name of the actor that makes the change.');
const VALIDATION = query(
  'fieldValidation',
  'string',
  'What becomes of unknown or repeated fields: Ignore, Warn or Strict.',
);
const FORCE = query('force', 'boolean', 'Whether an apply request takes over fields that others own.');
const WRITE = [DRY_RUN, MANAGER, VALIDATION, PRETTY];
const LIST = [
  query('allowWatchBookmarks', 'boolean', 'Asks for bookmark events in a watch.'),
  query('continue', 'string', 'Where the last page of the list ended.'),
  query('fieldSelector', 'string', 'Restricts the objects by their fields.'),
  query('labelSelector', 'string', 'Restricts the objects by their labels.'),
  query('limit', 'integer', 'The most objects that a page may hold.'),
  query('resourceVersion', 'string', 'Which revision may be answered.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Whether a watch begins with what there is.'),
  query('timeoutSeconds', 'integer', 'How long the call may take.'),
  query('watch', 'boolean', 'Watch for changes instead of listing.'),
  PRETTY,
];
const DELETE = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'How long the object has to end by itself.'),
  query('orphanDependents', 'boolean', 'Older form of propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
  PRETTY,
];

/** What stands in braces in a path. */
export const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  name: 'name of the object',
  namespace: 'object name and auth scope, such as for teams and projects',
  path: 'path to the resource',
};

/** The body of a patch, in whatever form its media type says. */
export const PATCH_BODY = 'patch';

/** Every operation on a kind and its subresources. */
export function operationsOf(kind: KindDefinition): Operation[] {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const collection = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
  const item = `${collection}/{name}`;
  const verbs = new Set(
    kind.verbs ?? ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  );
  const names = namesOf(kind);
  const base = { tag: names.tag, gvk: gvkOf(kind), bodyRequired: true };
  const inNamespace = kind.namespaced ? ['namespace'] : [];
  const one = [...inNamespace, 'name'];
  const operations: Operation[] = [];
  const add = (operation: Omit<Operation, keyof typeof base> & { bodyRequired?: boolean }) =>
    operations.push({ ...base, ...operation });

  if (verbs.has('list')) {
    const list = {
      method: 'get',
      action: 'list',
      query: LIST,
      body: undefined,
      response: listTypeOf(kind),
    } as const;
    add({
      ...list,
      path: collection,
      id: names.id('list'),
      description: `list objects of kind ${kind.kind}`,
      pathParameters: inNamespace,
    });
    if (kind.namespaced) {
      add({
        ...list,
        path: `${root}/${kind.plural}`,
        id: `${names.id('list', false)}ForAllNamespaces`,
        description: `list objects of kind ${kind.kind} in all namespaces`,
        pathParameters: [],
      });
    }
  }
  if (verbs.has('create')) {
    add({
      path: collection,
      method: 'post',
      action: 'post',
      id: names.id('create'),
      description: `create a ${kind.kind}`,
      query: WRITE,
      pathParameters: inNamespace,
      body: kind.schema,
      response: kind.schema,
    });
  }
  if (verbs.has('deletecollection')) {
    add({
      path: collection,
      method: 'delete',
      action: 'deletecollection',
      id: names.id('delete', kind.namespaced, 'Collection'),
      description: `delete a collection of ${kind.kind}`,
      query: [...LIST, ...DELETE.slice(0, -1)],
      pathParameters: inNamespace,
      body: DELETE_OPTIONS_TYPE,
      bodyRequired: false,
      response: STATUS_TYPE,
    });
  }
  for (const operation of objectOperations(kind.schema, [...verbs])) {
    add({
      ...operation,
      path: item,
      id: names.id(operation.word),
      description: `${operation.words} the ${kind.kind}`,
      pathParameters: one,
    });
  }
  if (verbs.has('delete')) {
    const response = kind.deleteReturnsObject ? kind.schema : STATUS_TYPE;
    add({
      path: item,
      method: 'delete',
      action: 'delete',
      id: names.id('delete'),
      description: `delete a ${kind.kind}`,
      query: DELETE,
      pathParameters: one,
      body: DELETE_OPTIONS_TYPE,
      bodyRequired: false,
      response,
    });
  }
  for (const sub of subresourcesOf(kind)) {
    const type = subresourceType(kind, sub);
    if (!type) {
      const id = (word: string) => names.id('connect', kind.namespaced, word);
      const connection = {
        tag: base.tag,
        path: `${item}/${sub.name}`,
        pathParameters: one,
        id: (word: string) => (word === 'read' ? names.id(word) : id(word)),
      };
      operations.push(...connectionsOf(kind, sub, connection));
      continue;
    }
    const gvk = { group: sub.group ?? kind.group, kind: sub.kind, version: sub.version ?? kind.version };
    const suffix = sub.name.charAt(0).toUpperCase() + sub.name.slice(1);
    const subVerbs = sub.verbs.map((verb) => (verb === 'create' ? 'create' : verb));
    for (const operation of objectOperations(type, subVerbs)) {
      operations.push({
        ...base,
        ...operation,
        gvk,
        path: `${item}/${sub.name}`,
        id: `${names.id(operation.word)}${suffix}`,
        description: `${operation.words} ${sub.name} of the ${kind.kind}`,
        pathParameters: one,
      });
    }
    if (sub.verbs.includes('create')) {
      operations.push({
        ...base,
        gvk,
        path: `${item}/${sub.name}`,
        method: 'post',
        action: 'post',
        id: `${names.id('create')}${suffix}`,
        description: `create ${sub.name} of a ${kind.kind}`,
        query: WRITE,
        pathParameters: one,
        body: type,
        response: type,
      });
    }
  }
  return operations;
}

export function gvkOf(kind: Pick<KindDefinition, 'group' | 'version' | 'kind'>): GroupVersionKind {
  return { group: kind.group, kind: kind.kind, version: kind.version };
}

/** Get, put and patch: the same for objects and for subresources that look like objects. */
function objectOperations(type: string, verbs: readonly string[]) {
  const all = [
    {
      verb: 'get',
      method: 'get',
      action: 'get',
      word: 'read',
      words: 'read',
      query: [PRETTY],
      body: undefined,
      response: type,
    },
    {
      verb: 'update',
      method: 'put',
      action: 'put',
      word: 'replace',
      words: 'replace',
      query: WRITE,
      body: type,
      response: type,
    },
    {
      verb: 'patch',
      method: 'patch',
      action: 'patch',
      word: 'patch',
      words: 'partially update',
      query: [...WRITE, FORCE],
      body: PATCH_BODY,
      response: type,
    },
  ] as const;
  return all.filter((operation) => verbs.includes(operation.verb));
}

/** The type of subresources that are objects; streams have none. */
export function subresourceType(kind: KindDefinition, sub: SubresourceDefinition): string | undefined {
  switch (sub.name) {
    case 'status':
    case 'finalize':
    case 'approval':
    case 'ephemeralcontainers':
    case 'resize':
      return kind.schema;
    case 'scale':
      return 'io.k8s.api.autoscaling.v1.Scale';
    case 'binding':
      return 'io.k8s.api.core.v1.Binding';
    case 'eviction':
      return 'io.k8s.api.policy.v1.Eviction';
    case 'token':
      return 'io.k8s.api.authentication.v1.TokenRequest';
    default:
      return undefined;
  }
}

/** Tags and operation ids as Kubernetes forms them: `apps_v1`, `readAppsV1NamespacedDeployment`. */
function namesOf(kind: KindDefinition) {
  const group = groupName(kind.group);
  const camel = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  return {
    tag: `${group}_${kind.version}`,
    id: (verb: string, namespaced = kind.namespaced, between = '') =>
      `${verb}${camel(group)}${camel(kind.version)}${between}${namespaced ? 'Namespaced' : ''}${kind.kind}`,
  };
}
