import type { Entry } from './entry';

const SINGULAR: Readonly<Record<string, string>> = {
  pods: 'pod',
  services: 'service',
  nodes: 'node',
  deployments: 'deployment',
  replicasets: 'replica set',
  replicationcontrollers: 'replication controller',
  configmaps: 'config map',
  secrets: 'secret',
  namespaces: 'namespace',
  endpoints: 'endpoints',
  endpointslices: 'endpoint slice',
  serviceaccounts: 'service account',
  statefulsets: 'stateful set',
  daemonsets: 'daemon set',
  jobs: 'job',
  cronjobs: 'cron job',
  horizontalpodautoscalers: 'autoscaler',
  poddisruptionbudgets: 'budget',
  persistentvolumeclaims: 'claim',
  persistentvolumes: 'volume',
  customresourcedefinitions: 'kind',
  validatingadmissionpolicies: 'policy',
  validatingadmissionpolicybindings: 'policy binding',
  validatingwebhookconfigurations: 'webhooks',
  mutatingwebhookconfigurations: 'webhooks',
};

/** Kinds of users have names of their own; what is known of them is the plural. */
export function singularOf(resource: string): string {
  const known = SINGULAR[resource];
  if (known) return known;
  if (/[^aeiou]ies$/.test(resource)) return `${resource.slice(0, -3)}y`;
  if (/(ss|sh|ch|x|z)es$/.test(resource)) return resource.slice(0, -2);
  return /[^s]s$/.test(resource) ? resource.slice(0, -1) : resource;
}

/** Who it was; the cluster's own parts by what people call them. */
export function whoInWords(user: string): string {
  if (user === 'system:kube-controller-manager') return 'the controllers';
  if (user === 'system:kube-scheduler') return 'the scheduler';
  return user.replace(/^system:node:/, '').replace(/^system:serviceaccount:/, '');
}

/** What was done, without who and to what: `scaled`, `from 3 to 8`. The name of the thing stands in between. */
export function entryInWords(entry: Entry): { readonly did: string; readonly how: string } {
  const { verb, subresource, changes } = entry;
  const kind = singularOf(entry.resource);
  if (entry.code >= 400)
    return { did: `was refused to ${bare(verb)} ${kind}`, how: entry.refusal ? `: ${entry.refusal}` : '' };
  if (verb === 'create') return { did: `made ${kind}`, how: '' };
  if (verb === 'delete' || verb === 'deletecollection') return { did: `deleted ${kind}`, how: '' };
  if (verb === 'evict' || subresource === 'eviction') return { did: `evicted ${kind}`, how: '' };
  const to = (path: RegExp) => changes.find((change) => path.test(change.path));
  if (verb === 'bind' || subresource === 'binding') {
    const node = to(/^spec\.nodeName$/)?.after;
    return { did: `placed ${kind}`, how: typeof node === 'string' ? ` on ${node}` : '' };
  }
  const scaled = to(/^spec\.replicas$/);
  if (scaled)
    return { did: 'scaled', how: ` from ${String(scaled.before ?? 0)} to ${String(scaled.after ?? 0)}` };
  if (subresource === 'status') return { did: `reported on ${kind}`, how: '' };
  const image = to(/containers\[[^\]]+\]\.image$/);
  if (image) return { did: 'set the image of', how: ` to ${String(image.after)}` };
  const suspended = to(/^spec\.suspend$/);
  if (suspended) return { did: suspended.after === true ? 'suspended' : 'resumed', how: '' };
  const bounds = changes.filter(({ path }) => /^spec\.(min|max)Replicas$/.test(path));
  if (bounds.length > 0)
    return {
      did: 'set the bounds of',
      how: `: ${bounds.map(({ path, before, after }) => `${path.slice(5, 8)} ${String(before)} → ${String(after)}`).join(', ')}`,
    };
  const cordoned = to(/^spec\.unschedulable$/);
  if (cordoned) return { did: cordoned.after === true ? 'cordoned' : 'uncordoned', how: '' };
  if (to(/restartedAt"\]$/)) return { did: 'restarted', how: '' };
  if (changes.length === 1) return { did: `changed ${changes[0]?.path ?? ''} of`, how: '' };
  return { did: `changed ${kind}`, how: changes.length > 0 ? ` in ${changes.length} places` : '' };
}

const bare = (verb: string) =>
  ({ patch: 'change', update: 'change', deletecollection: 'delete' })[verb] ?? verb;
