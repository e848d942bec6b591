import type { UserInfo } from '../http/extension';

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const OPEN_PATHS = new Set(['/readyz', '/livez', '/healthz', '/version']);

/**
 * Whether a request without any credential may go on as {@link ANONYMOUS}. Only health and version are open, so that
 * load balancers and `kubectl version` work; everything else is 401.
 */
export function mayBeAnonymous(method: string, path: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return OPEN_PATHS.has(path) || path.startsWith('/readyz/') || path.startsWith('/livez/');
}
