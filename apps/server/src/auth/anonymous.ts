import type { UserInfo } from '../http/extension';

/**
 * Who asks without any credential. The authorizers decide as for everybody else; the built-in roles open health and
 * version to `system:unauthenticated` and nothing more.
 */
export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
