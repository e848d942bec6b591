import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import { clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import { clusterRoleBindingKind } from '@wheelhouse/shared/kinds/rbac/cluster-role-binding';
import { roleKind } from '@wheelhouse/shared/kinds/rbac/role';
import { roleBindingKind } from '@wheelhouse/shared/kinds/rbac/role-binding';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Logger } from '../component';
import type { RbacSource } from './rbac-source';

/** The cluster's own roles and bindings, kept current by watches. */
export interface StoredRbac extends RbacSource {
  /** Begins to read; resolves when everything that there is has been read. */
  start(): Promise<void>;
  /** True from then on. */
  readonly synced: boolean;
  stop(): void;
}

export function createStoredRbac(client: Client, log: Logger): StoredRbac {
  let generation = 1;
  const changed = () => {
    generation++;
  };

  function follow<T extends KubeObject>(type: ResourceType<T>): Informer<T> {
    const informer = createInformer(client, type, {
      indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ''] },
      onError: (err) => log.warn({ err, kind: type.kind }, 'cannot read access rules, trying again'),
    });
    informer.subscribe({ added: changed, updated: changed, deleted: changed });
    return informer;
  }

  const clusterRoles = follow(clusterRoleKind);
  const clusterRoleBindings = follow(clusterRoleBindingKind);
  const roles = follow(roleKind);
  const roleBindings = follow(roleBindingKind);
  const all = [clusterRoles, clusterRoleBindings, roles, roleBindings] as const;
  let synced = false;

  return {
    get generation() {
      return generation;
    },
    get synced() {
      return synced;
    },
    clusterRole: (name) => clusterRoles.get(name),
    role: (namespace, name) => roles.get(`${namespace}/${name}`),
    clusterRoleBindings: () => clusterRoleBindings.list(),
    roleBindings: (namespace) => roleBindings.byIndex('namespace', namespace),
    async start() {
      for (const informer of all) informer.start();
      await Promise.all(all.map((informer) => informer.synced()));
      synced = true;
      changed();
    },
    stop() {
      for (const informer of all) informer.stop();
    },
  };
}

/** Goes by `first` until `later` has been read. */
export function switchingSource(first: RbacSource, later: () => StoredRbac | undefined): RbacSource {
  const current = (): RbacSource => {
    const stored = later();
    return stored?.synced ? stored : first;
  };
  return {
    get generation() {
      return current().generation;
    },
    clusterRole: (name) => current().clusterRole(name),
    role: (namespace, name) => current().role(namespace, name),
    clusterRoleBindings: () => current().clusterRoleBindings(),
    roleBindings: (namespace) => current().roleBindings(namespace),
  };
}
