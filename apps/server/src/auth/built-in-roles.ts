import { DEFAULT_RBAC } from './default-rbac/default-rbac';
import { rbacSourceOf } from './rbac-index';

/**
 * The roles and bindings that every cluster begins with, as the authorizer reads them: it goes by these until it has
 * read the cluster's own. What the scheduler and the controllers may do stands in default-rbac/program-rights.ts.
 */
export const builtInRbac = rbacSourceOf(DEFAULT_RBAC);
