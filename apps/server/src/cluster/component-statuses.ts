import { notFound } from '@wheelhouse/shared/errors';
import { nameColumn } from '@wheelhouse/shared/kinds/columns';
import type { PrintColumn } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { ComponentStatus } from 'kubernetes-types/core/v1';
import type { VirtualGroup } from '../http/extension';

/** Asks one part whether it works; resolves with a word about it, throws when it does not. */
export type ComponentCheck = () => Promise<string>;

const healthOf = (object: ComponentStatus) => object.conditions?.find(({ type }) => type === 'Healthy');

const columns: readonly PrintColumn<KubeObject & ComponentStatus>[] = [
  nameColumn,
  {
    name: 'Status',
    type: 'string',
    description: 'Status of the component conditions',
    cell: (object) => ({ True: 'Healthy', False: 'Unhealthy' })[healthOf(object)?.status ?? ''] ?? 'Unknown',
  },
  {
    name: 'Message',
    type: 'string',
    description: 'Message of the component conditions',
    cell: (object) => healthOf(object)?.message ?? '',
  },
  {
    name: 'Error',
    type: 'string',
    description: 'Error of the component conditions',
    cell: (object) => healthOf(object)?.error ?? '',
  },
];

/** `kubectl get componentstatuses`: the parts of this control plane, asked at that moment. Nothing is stored. */
export function componentStatuses(checks: Readonly<Record<string, ComponentCheck>>): VirtualGroup {
  async function statusOf(name: string, check: ComponentCheck): Promise<ComponentStatus> {
    const outcome = await check().then(
      (message) => ({ status: 'True', message }),
      (error: unknown) => ({
        status: 'False',
        message: 'the check failed',
        error: error instanceof Error ? error.message : String(error),
      }),
    );
    return {
      apiVersion: 'v1',
      kind: 'ComponentStatus',
      metadata: { name },
      conditions: [{ type: 'Healthy', ...outcome }],
    };
  }

  return {
    group: '',
    version: 'v1',
    resources: [
      {
        plural: 'componentstatuses',
        singular: 'componentstatus',
        kind: 'ComponentStatus',
        namespaced: false,
        shortNames: ['cs'],
        columns,
        warning: 'v1 ComponentStatus is deprecated in v1.19+',
        async get(name) {
          const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
          if (!check) throw notFound({ kind: 'componentstatuses', name });
          return statusOf(name, check);
        },
        async list() {
          const items = await Promise.all(
            Object.entries(checks).map(([name, check]) => statusOf(name, check)),
          );
          return { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items };
        },
      },
    ],
  };
}
