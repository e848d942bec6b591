import type { PolicyRule } from 'kubernetes-types/rbac/v1';

/** Short forms for the tables of this folder: lists are written with commas, the core group as ''. */

export const READ = 'get,list,watch';
export const WRITE = 'create,delete,deletecollection,patch,update';

/** A rule about resources. */
export function on(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: verbs.split(','),
    apiGroups: groups.split(','),
    resources: resources.split(','),
    ...(names ? { resourceNames: names.split(',') } : {}),
  };
}

/** A rule about paths that are no resources. */
export function at(verbs: string, paths: string): PolicyRule {
  return { verbs: verbs.split(','), nonResourceURLs: paths.split(',') };
}

/** What everybody who reports events needs. */
export const EVENTS = on('create,patch,update', ',events.k8s.io', 'events');

export type RuleTable = Readonly<Record<string, readonly PolicyRule[]>>;
