import { forbidden } from '@wheelhouse/shared/errors';
import { HOST_PATH_FINALIZER, HOST_PATH_NODE_LABEL } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { nodeNameOf } from '../auth/node-identity';
import type { AdmissionAttributes, AdmissionPlugin } from './admission';
import { isPods } from './pod-attributes';

/** Labels under these domains that a kubelet may set on its own Node. */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
]);
const KUBELET_LABEL_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/**
 * Keeps what nodes write inside their own room: their Node (without labels and taints that steer pods to them), their
 * lease, the status of their pods. The node authorizer has already decided which objects they may touch at all.
 */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  validate(attributes) {
    const nodeName = nodeNameOf(attributes.user);
    if (nodeName === undefined) return;
    const { kind } = attributes;
    if (isPods(kind)) checkPod(nodeName, attributes);
    else if (kind.group === '' && kind.plural === 'persistentvolumes') checkVolume(nodeName, attributes);
    else if (kind.group === '' && kind.plural === 'nodes') checkNode(nodeName, attributes);
    else if (kind.group === 'coordination.k8s.io' && kind.plural === 'leases')
      checkOwnName(nodeName, attributes, 'can only access the lease with the same name as the node');
  },
};

function checkPod(nodeName: string, attributes: AdmissionAttributes): void {
  const { operation, subresource, oldObject } = attributes;
  if (operation === 'create' && subresource === undefined)
    throw refusal(nodeName, attributes, 'cannot create pods');
  if (operation === 'connect') return;
  if (operation === 'update' && subresource !== 'status')
    throw refusal(nodeName, attributes, 'can only update pod status');
  // What stands in the store decides, not what the node says.
  const pod = oldObject as Pod | undefined;
  if (pod?.spec?.nodeName !== nodeName)
    throw refusal(nodeName, attributes, 'can only change pods with spec.nodeName set to itself');
}

function checkNode(nodeName: string, attributes: AdmissionAttributes): void {
  checkOwnName(nodeName, attributes, 'is not allowed to modify another node');
  const { operation, object, oldObject } = attributes;
  if (operation === 'delete') throw refusal(nodeName, attributes, 'is not allowed to delete its Node');
  if (!object) return;
  // Objects of the nodes resource are nodes.
  const next = object as Node;
  const previous: Node = (oldObject as Node | undefined) ?? {};
  for (const label of changedLabels(previous, next))
    if (!mayLabel(label)) throw refusal(nodeName, attributes, `is not allowed to modify the label ${label}`);
  if (operation === 'create') return;
  if (!sameTaints(previous, next)) throw refusal(nodeName, attributes, 'is not allowed to modify taints');
  if (JSON.stringify(previous.metadata?.ownerReferences) !== JSON.stringify(next.metadata?.ownerReferences))
    throw refusal(nodeName, attributes, 'is not allowed to modify ownerReferences');
}

/** All that a node may change about a volume is to let it go: one on its way out whose data it has removed. */
function checkVolume(nodeName: string, attributes: AdmissionAttributes): void {
  const { operation, subresource, object, oldObject } = attributes;
  const before = oldObject?.metadata;
  if (
    operation !== 'update' ||
    subresource !== undefined ||
    !before?.deletionTimestamp ||
    before.labels?.[HOST_PATH_NODE_LABEL] !== nodeName
  ) {
    throw refusal(nodeName, attributes, 'can only change volumes on their way out whose data it keeps');
  }
  const essence = (volume: KubeObject | undefined) => {
    const { metadata, ...rest } = volume ?? {};
    const { finalizers, resourceVersion: _, managedFields: __, ...kept } = metadata ?? {};
    return { ...rest, kept, finalizers: finalizers?.filter((one) => one !== HOST_PATH_FINALIZER) ?? [] };
  };
  if (!equalJson(essence(object), essence(oldObject))) {
    throw refusal(nodeName, attributes, `can only remove the finalizer ${HOST_PATH_FINALIZER} of a volume`);
  }
}

function checkOwnName(nodeName: string, attributes: AdmissionAttributes, why: string): void {
  const name = attributes.name || attributes.object?.metadata?.name;
  if (name !== nodeName) throw refusal(nodeName, attributes, why);
}

function changedLabels(previous: Node, next: Node): string[] {
  const before = previous.metadata?.labels ?? {};
  const after = next.metadata?.labels ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => before[key] !== after[key],
  );
}

/** Own labels are free; those of Kubernetes' domains only as listed, for pods are steered by them. */
function mayLabel(label: string): boolean {
  if (KUBELET_LABELS.has(label)) return true;
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  if (KUBELET_LABEL_DOMAINS.some((own) => inDomain(domain, own))) return true;
  return !inDomain(domain, 'kubernetes.io') && !inDomain(domain, 'k8s.io');
}

function inDomain(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

function sameTaints(previous: Node, next: Node): boolean {
  return JSON.stringify(previous.spec?.taints ?? []) === JSON.stringify(next.spec?.taints ?? []);
}

function refusal(nodeName: string, { kind, name }: AdmissionAttributes, why: string): Error {
  return forbidden({ group: kind.group, kind: kind.plural, name }, `node "${nodeName}" ${why}`);
}
