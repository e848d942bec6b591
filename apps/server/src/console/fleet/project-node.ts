import type { FleetNode } from '@wheelhouse/shared/console/protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node } from 'kubernetes-types/core/v1';
import { milliCpu, wholeAmount } from './amounts';
import { clusterBase } from './project-base';

/** Heartbeat times are left out on purpose: a node that merely lives is no change. */
export function projectNode(node: Stored<Node>): FleetNode {
  const { spec, status, metadata } = node;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  const zone = metadata.labels?.['topology.kubernetes.io/zone'];
  const ip = status?.addresses?.find((address) => address.type === 'InternalIP')?.address;
  const cpu = milliCpu(status?.allocatable?.cpu);
  const memory = wholeAmount(status?.allocatable?.memory);
  const pods = wholeAmount(status?.allocatable?.pods);
  const runtime = status?.nodeInfo?.containerRuntimeVersion;
  const version = status?.nodeInfo?.kubeletVersion;
  return {
    resource: 'nodes',
    ...clusterBase(node),
    ready: ready?.status === 'True' || ready?.status === 'False' ? ready.status : 'Unknown',
    ...(ready?.status !== 'True' && ready?.message ? { readyMessage: ready.message } : {}),
    unschedulable: spec?.unschedulable ?? false,
    ...(zone ? { zone } : {}),
    ...(ip ? { ip } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(pods === undefined ? {} : { pods }),
    taints: (spec?.taints ?? []).map(
      ({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`,
    ),
    pressures: (status?.conditions ?? [])
      .filter(({ type, status: is }) => type !== 'Ready' && is === 'True')
      .map(({ type }) => type),
    ...(runtime ? { runtime } : {}),
    ...(version ? { version } : {}),
    ...(spec?.podCIDR ? { podCidr: spec.podCIDR } : {}),
  };
}
