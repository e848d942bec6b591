import type { Node, Taint } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { isCidr } from '../../meta/ip';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { labelValue, qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { validateQuantity } from './pod-spec/resources';

export type { Node };

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const INFO = [
  'machineID',
  'systemUUID',
  'bootID',
  'kernelVersion',
  'osImage',
  'containerRuntimeVersion',
  'kubeletVersion',
  'kubeProxyVersion',
  'operatingSystem',
  'architecture',
] as const;

export const nodeKind: KindDefinition<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Node',
  status: true,
  hasGeneration: false,
  subresources: [
    { name: 'proxy', kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
  ],
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'The status of the node', cell: nodeStatus },
    { name: 'Roles', type: 'string', description: 'The roles of the node', cell: nodeRoles },
    ageColumn,
    {
      name: 'Version',
      type: 'string',
      description: 'Kubelet version reported by the node.',
      cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
    },
    wide('Internal-IP', 'The address of the node within the cluster.', (node) =>
      addressOf(node, 'InternalIP'),
    ),
    wide('External-IP', 'The address of the node from outside.', (node) => addressOf(node, 'ExternalIP')),
    wide('OS-Image', 'Operating system.', ({ status }) => status?.nodeInfo?.osImage),
    wide('Kernel-Version', 'Version of the kernel.', ({ status }) => status?.nodeInfo?.kernelVersion),
    wide(
      'Container-Runtime',
      'What runs the containers.',
      ({ status }) => status?.nodeInfo?.containerRuntimeVersion,
    ),
  ],
  default(node) {
    const status = { ...node.status };
    status.daemonEndpoints ??= {};
    status.daemonEndpoints.kubeletEndpoint ??= { Port: 0 };
    const info: Record<string, unknown> = { ...status.nodeInfo };
    for (const name of INFO) info[name] ??= '';
    // Every field that the type requires has just been filled in.
    status.nodeInfo = info as unknown as NonNullable<typeof status.nodeInfo>;
    // What can be had is what there is, unless the agent keeps a part of it.
    if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
    for (const condition of status.conditions ?? []) {
      nullWhenUnset(condition, 'lastHeartbeatTime', 'lastTransitionTime');
    }
    setStatus(node, status);
    node.spec ??= {};
    const { spec } = node;
    // The older field is the first of the newer one, and wins where they differ.
    if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
    if (spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: (next) => [...validateNode(next), ...validateAddresses(next)],
};

function wide(name: string, description: string, read: (node: Node) => string | undefined) {
  return {
    name,
    type: 'string',
    priority: 1,
    description,
    cell: (node: Node) => read(node) || (name.endsWith('-IP') ? '<none>' : '<unknown>'),
  } as const;
}

function addressOf(node: Node, type: string): string | undefined {
  return node.status?.addresses?.find((address) => address.type === type)?.address;
}

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const text = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

function nodeRoles(node: Node): string {
  const PREFIX = 'node-role.kubernetes.io/';
  const labels = node.metadata?.labels ?? {};
  const roles = Object.keys(labels)
    .filter((key) => key.startsWith(PREFIX) && key.length > PREFIX.length)
    .map((key) => key.slice(PREFIX.length));
  const named = labels['kubernetes.io/role'];
  if (named) roles.push(named);
  return [...new Set(roles)].sort().join(',') || '<none>';
}

function validateNode({ spec, status }: Node): FieldError[] {
  const errors = validateTaints(spec?.taints ?? [], 'metadata.taints');
  for (const kind of ['capacity', 'allocatable'] as const) {
    for (const [name, quantity] of Object.entries(status?.[kind] ?? {})) {
      errors.push(...validateQuantity(name, quantity, `status.${kind}.${name}`));
    }
  }
  (spec?.podCIDRs ?? []).forEach((range, i) => {
    if (!isCidr(range)) {
      errors.push(
        invalidValue(
          `spec.podCIDRs[${i}]`,
          range,
          'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ),
      );
    }
  });
  const cidrs = spec?.podCIDRs ?? [];
  cidrs.forEach((range, i) => {
    if (cidrs.indexOf(range) < i) errors.push(duplicate(`spec.podCIDRs[${i}]`, range));
  });
  const families = new Set(cidrs.map((range) => range.includes(':')));
  if (cidrs.length > 1 && families.size < cidrs.length) {
    const why = 'may specify no more than one CIDR for each IP family';
    errors.push(invalidValue('spec.podCIDRs', cidrs, why));
  }
  return errors;
}

/** Kubernetes reports taints under metadata, where they once were. */
function validateTaints(taints: readonly Taint[], path: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const at = `${path}[${i}]`;
    const errors = complaints(`${at}.key`, taint.key ?? '', qualifiedName(taint.key ?? ''));
    if (taint.value) errors.push(...complaints(`${at}.value`, taint.value, labelValue(taint.value)));
    if (!taint.effect) errors.push(required(`${at}.effect`));
    else if (!EFFECTS.includes(taint.effect))
      errors.push(notSupported(`${at}.effect`, taint.effect, EFFECTS));
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair)) {
      const twice = duplicate(at, taint);
      errors.push({ ...twice, message: `${twice.message}: taints must be unique by key and effect pair` });
    }
    seen.add(pair);
    return errors;
  });
}

/** Of a node's spec, its taints and whether pods may come change at any time; its addresses and provider are given once. */
function validateNodeUpdate(next: Node, previous: Node): FieldError[] {
  const errors = validateAddresses(next);
  const cidrs = previous.spec?.podCIDRs ?? [];
  const changedCidrs = cidrs.length > 0 && cidrs.join() !== (next.spec?.podCIDRs ?? []).join();
  const provider = previous.spec?.providerID;
  const changedProvider = provider && provider !== next.spec?.providerID;
  if (changedCidrs || changedProvider || !equalJson(fixedSpec(next), fixedSpec(previous))) {
    errors.push(
      forbidden(
        '[]',
        'node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)',
      ),
    );
  }
  if (changedCidrs)
    errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (changedProvider) {
    errors.push(
      forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  }
  return errors;
}

/** What is left of the spec that never changes. */
function fixedSpec({ spec }: Node): NonNullable<Node['spec']> {
  const { taints, unschedulable, podCIDR, podCIDRs, providerID, ...fixed } = spec ?? {};
  return fixed;
}

function validateAddresses({ status }: Node): FieldError[] {
  const seen = new Set<string>();
  return (status?.addresses ?? []).flatMap((address, i) => {
    const text = `${address.type} ${address.address}`;
    const again = seen.has(text);
    seen.add(text);
    return again ? [duplicate(`status.addresses[${i}]`, address)] : [];
  });
}
