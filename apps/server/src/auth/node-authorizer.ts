import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { AuthorizationRequest, Authorizer, Decision } from './auth';
import { nodeNameOf } from './node-identity';
import { podReferences, type ReferencedPlural } from './pod-references';
import { type PolicyRule, ruleAllows } from './rbac-rules';

/** The pods of the cluster, as far as the node authorizer asks. */
export interface PodLookup {
  pod(namespace: string, name: string): Promise<Stored<Pod> | undefined>;
  /** Every pod bound to the node; `current` asks the API, otherwise the answer may lag by a moment. */
  podsOf(nodeName: string, options?: { current: boolean }): Promise<readonly Stored<Pod>[]>;
}

type Resource = NonNullable<AuthorizationRequest['resource']>;

const READ = ['get', 'list', 'watch'];
const REFERENCED: readonly string[] = [
  'secrets',
  'configmaps',
  'serviceaccounts',
  'persistentvolumeclaims',
] satisfies ReferencedPlural[];

/** What every node may do, whichever node it is. Nothing here reveals another node's workload or secrets. */
const COMMON_RULES: readonly PolicyRule[] = [
  // The proxy and the DNS server need every service and endpoint of the cluster.
  { apiGroups: [''], resources: ['services', 'endpoints', 'namespaces'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: [''], resources: ['nodes'], verbs: READ },
  { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], verbs: READ },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  { apiGroups: [''], resources: ['nodes'], verbs: ['create'] },
  // Kubelets of Kubernetes get their certificates so, and ask who calls them and what they may do.
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests'],
    verbs: ['create', ...READ],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['subjectaccessreviews', 'localsubjectaccessreviews'],
    verbs: ['create'],
  },
  // To mount what its pods claim; and to tell that it has removed a volume's data, which NodeRestriction watches.
  { apiGroups: [''], resources: ['persistentvolumes'], verbs: [...READ, 'patch'] },
];

/**
 * Decides for users that are nodes: a node reads and writes its own Node and lease, the pods bound to it, and reads
 * the secrets, config maps, service accounts and claims that these pods name. Other users: no opinion.
 * What a node may write *into* these objects is the NodeRestriction admission plugin's part.
 */
export function createNodeAuthorizer(lookup: PodLookup): Authorizer {
  return {
    authorize(request) {
      const nodeName = nodeNameOf(request.user);
      const { resource } = request;
      if (nodeName === undefined || !resource) return { allowed: false };
      if (COMMON_RULES.some((rule) => ruleAllows(rule, request))) return { allowed: true };
      return decide(lookup, nodeName, resource);
    },
  };
}

function decide(lookup: PodLookup, nodeName: string, resource: Resource): Decision | Promise<Decision> {
  const { group, plural } = resource;
  if (group === '' && plural === 'nodes') return decideNode(nodeName, resource);
  if (group === '' && plural === 'pods') return decidePod(lookup, nodeName, resource);
  if (group === 'coordination.k8s.io' && plural === 'leases') return decideLease(nodeName, resource);
  if (group === '' && REFERENCED.includes(plural)) return decideReferenced(lookup, nodeName, resource);
  return { allowed: false };
}

function decideNode(nodeName: string, { verb, name, subresource }: Resource): Decision {
  const writable = subresource === undefined || subresource === 'status';
  if (name === nodeName && writable && ['update', 'patch'].includes(verb)) return { allowed: true };
  return no(`node "${nodeName}" may only write its own Node`);
}

function decideLease(nodeName: string, { verb, namespace, name }: Resource): Decision {
  if (namespace === 'kube-node-lease') {
    // A create carries its name in the body only; NodeRestriction compares that.
    if (verb === 'create' || name === nodeName) return { allowed: true };
  }
  return no(`node "${nodeName}" may only use its own lease in kube-node-lease`);
}

async function decidePod(lookup: PodLookup, nodeName: string, resource: Resource): Promise<Decision> {
  const { verb, namespace, name, subresource, fieldSelector } = resource;
  const refusal = no(`node "${nodeName}" may only use pods that are bound to it`);
  if (verb === 'list' || verb === 'watch')
    return selectsNode(fieldSelector, nodeName)
      ? { allowed: true }
      : no(
          `node "${nodeName}" may list and watch pods only with the field selector spec.nodeName=${nodeName}`,
        );
  if (!namespace || !name || !mayTouchPod(verb, subresource)) return refusal;
  const pod = await lookup.pod(namespace, name);
  // A missing pod is allowed so that the answer is the 404 that tells the kubelet that its pod is gone.
  return !pod || pod.spec?.nodeName === nodeName ? { allowed: true } : refusal;
}

function mayTouchPod(verb: string, subresource: string | undefined): boolean {
  if (subresource === undefined) return verb === 'get' || verb === 'delete';
  if (subresource === 'status') return ['get', 'update', 'patch'].includes(verb);
  return subresource === 'eviction' && verb === 'create';
}

/** Every term must hold, so one term that names the node is enough. */
function selectsNode(selector: string | undefined, nodeName: string): boolean {
  return (selector ?? '').split(',').some((term) => {
    const [, value] = /^spec\.nodeName={1,2}(.+)$/.exec(term.trim()) ?? [];
    return value === nodeName;
  });
}

async function decideReferenced(lookup: PodLookup, nodeName: string, resource: Resource): Promise<Decision> {
  const { verb, plural, subresource, namespace } = resource;
  const tokenRequest = plural === 'serviceaccounts' && subresource === 'token' && verb === 'create';
  const name = resource.name ?? selectedName(resource.fieldSelector);
  const refusal = no(`no pod of node "${nodeName}" refers to this object`);
  if (!namespace || !name) return refusal;
  if (!tokenRequest && (subresource !== undefined || !READ.includes(verb))) return refusal;
  const refers = (pod: Stored<Pod>) =>
    // The plural was checked against REFERENCED by the caller.
    pod.metadata.namespace === namespace && podReferences(pod, plural as ReferencedPlural, name);
  if ((await lookup.podsOf(nodeName)).some(refers)) return { allowed: true };
  // A kubelet may be quicker than the lookup to see a new pod.
  if ((await lookup.podsOf(nodeName, { current: true })).some(refers)) return { allowed: true };
  return refusal;
}

/** `metadata.name=x` names one object in a list or watch. */
function selectedName(selector: string | undefined): string | undefined {
  return /^metadata\.name={1,2}([^,]+)$/.exec(selector ?? '')?.[1];
}

function no(reason: string): Decision {
  return { allowed: false, reason };
}
