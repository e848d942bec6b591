import type { PolicyRule, Subject } from 'kubernetes-types/rbac/v1';
import { EVENTS, on, READ } from './notation';

/** A role of one namespace, and whom it is granted to. */
export interface NamespacedDefault {
  readonly namespace: string;
  readonly role: string;
  readonly rules: readonly PolicyRule[];
  /** Name of the binding where it differs from the role's. */
  readonly binding?: string;
  readonly subjects: readonly Subject[];
}

const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });
const user = (name: string): Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });

/** Leader election by configmaps, as old programs do it. */
function leads(program: string): NamespacedDefault {
  return {
    namespace: 'kube-system',
    role: `system::leader-locking-${program}`,
    rules: [on('watch', '', 'configmaps'), on('get,update', '', 'configmaps', program)],
    subjects: [user(`system:${program}`), account(program)],
  };
}

export const NAMESPACED_DEFAULTS: readonly NamespacedDefault[] = [
  {
    namespace: 'kube-public',
    role: 'system:controller:bootstrap-signer',
    rules: [on(READ, '', 'configmaps'), on('update', '', 'configmaps', 'cluster-info'), EVENTS],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    role: 'extension-apiserver-authentication-reader',
    rules: [on(READ, '', 'configmaps', 'extension-apiserver-authentication')],
    binding: 'system::extension-apiserver-authentication-reader',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  leads('kube-controller-manager'),
  leads('kube-scheduler'),
  {
    namespace: 'kube-system',
    role: 'system:controller:bootstrap-signer',
    rules: [on(READ, '', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    role: 'system:controller:cloud-provider',
    rules: [on('create,get,list,watch', '', 'configmaps')],
    subjects: [account('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    role: 'system:controller:token-cleaner',
    rules: [on('delete,get,list,watch', '', 'secrets'), EVENTS],
    subjects: [account('token-cleaner')],
  },
];
