import { badRequest } from '@wheelhouse/shared/errors';
import { PlainTextError } from './respond';

/** The resource part of a path, before anyone has looked whether it exists. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What follows the subresource (`proxy/some/path`). */
  readonly rest: string;
  /** The old `/api/v1/watch/…` form. */
  readonly watch: boolean;
}

/**
 * Takes a path apart: `/api/v1/namespaces/default/pods/web/log`. Undefined when it does not name a resource
 * (discovery, health, anything else). Throws BadRequest for escapes that are none.
 */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = decodePath(path).split('/');
  // parts[0] is what stands before the first slash: nothing.
  const core = parts[1] === 'api';
  if (!core && parts[1] !== 'apis') return undefined;
  const first = core ? 3 : 4;
  const group = core ? '' : (parts[2] ?? '');
  const version = parts[core ? 2 : 3] ?? '';
  if (parts.length <= first || version === '' || (!core && group === '')) return undefined;
  if (parts.at(-1) === '') parts.pop();
  let at = first;
  const watch = parts[at] === 'watch' && parts.length > first + 1;
  if (watch) at++;
  if (parts.length <= at) return undefined;

  const base = { group, version, watch };
  if (parts[at] === 'namespaces') {
    const namespace = parts[at + 1];
    const next = parts[at + 2];
    // `/namespaces/x/status` and `/namespaces/x/finalize` speak of the namespace itself.
    if (next === undefined || ((next === 'status' || next === 'finalize') && parts.length === at + 3)) {
      return {
        ...base,
        plural: 'namespaces',
        namespace: undefined,
        name: namespace,
        subresource: next,
        rest: '',
      };
    }
    return { ...base, namespace, ...tail(parts, at + 2) };
  }
  return { ...base, namespace: undefined, ...tail(parts, at) };
}

function tail(parts: readonly string[], at: number) {
  return {
    plural: parts[at] ?? '',
    name: parts[at + 1],
    subresource: parts[at + 2],
    rest: parts.slice(at + 3).join('/'),
  };
}

/** As Go: an escaped slash separates like any other. */
function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new PlainTextError(400, '400 Bad Request');
  }
  // A name with a zero byte would reach another key of the store.
  if (decoded.includes('\0')) throw badRequest('a path may hold no zero byte');
  return decoded;
}

/**
 * Kubernetes' verb for a method; empty for methods that no resource knows. `watch`: as the query says, which
 * counts for lists alone (a single object is watched by a list that selects its name, or by the old path).
 */
export function verbOf(method: string, path: ResourcePath, watch: boolean): string {
  const named = path.name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (path.watch || (watch && !named)) return 'watch';
      return named ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      return '';
  }
}
