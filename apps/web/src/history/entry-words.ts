import { changesBetween } from './changes';
import { type Entry, record } from './entry';

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
};

/** What was done, without who and to what: `scaled`, `from 3 to 8`. The name of the thing stands in between. */
export function entryInWords(entry: Entry): { readonly did: string; readonly how: string } {
  const { verb, subresource } = entry;
  const kind = SINGULAR[entry.resource] ?? entry.resource;
  if (entry.code >= 400)
    return { did: `was refused to ${bare(verb)} ${kind}`, how: entry.refusal ? `: ${entry.refusal}` : '' };
  if (verb === 'create') return { did: `made ${kind}`, how: '' };
  if (verb === 'delete' || verb === 'deletecollection') return { did: `deleted ${kind}`, how: '' };
  if (verb === 'evict' || subresource === 'eviction') return { did: `evicted ${kind}`, how: '' };
  if (verb === 'bind' || subresource === 'binding') {
    const node = record(record(entry.after).spec).nodeName ?? record(record(entry.after).target).name;
    return { did: `placed ${kind}`, how: typeof node === 'string' ? ` on ${node}` : '' };
  }
  const from = replicasOf(entry.before);
  const to = replicasOf(entry.after);
  if (from !== undefined && to !== undefined && from !== to && subresource !== 'status') {
    return { did: 'scaled', how: ` from ${from} to ${to}` };
  }
  if (subresource === 'status') return { did: `reported on ${kind}`, how: '' };
  const changes = changesBetween(entry.before, entry.after);
  const image = changes.find(({ path }) => /containers\[\d+\]\.image$/.test(path));
  if (image) return { did: 'set the image of', how: ` to ${String(image.after)}` };
  const unschedulable = changes.find(({ path }) => path === 'spec.unschedulable');
  if (unschedulable) return { did: unschedulable.after === true ? 'cordoned' : 'uncordoned', how: '' };
  if (changes.length === 1) return { did: `changed ${changes[0]?.path ?? ''} of`, how: '' };
  return { did: `changed ${kind}`, how: changes.length > 0 ? ` in ${changes.length} places` : '' };
}

const bare = (verb: string) =>
  ({ patch: 'change', update: 'change', deletecollection: 'delete' })[verb] ?? verb;

function replicasOf(object: unknown): number | undefined {
  const { replicas } = record(record(object).spec);
  return typeof replicas === 'number' ? replicas : undefined;
}
