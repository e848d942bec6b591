import type { AdmissionPlugin } from './admission';
import { defaultIngressClass } from './default-ingress-class';
import { defaultStorageClass } from './default-storage-class';
import { defaultTolerationSeconds } from './default-toleration-seconds';
import { limitRanger } from './limit-ranger';
import { namespaceLifecycle } from './namespace-lifecycle';
import { nodeRestriction } from './node-restriction';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize';
import { priority } from './priority';
import { runtimeClass } from './runtime-class';
import { serviceAccount } from './service-account';
import { storageObjectInUseProtection } from './storage-object-in-use-protection';
import { taintNodesByCondition } from './taint-nodes-by-condition';

/** The rules of every cluster, in the order in which they run. */
export function createDefaultPlugins(
  options: { readonly tolerationSeconds?: number } = {},
): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    defaultTolerationSeconds(options.tolerationSeconds ?? 300),
    priority,
    nodeRestriction,
    taintNodesByCondition,
    storageObjectInUseProtection,
    persistentVolumeClaimResize,
    defaultStorageClass,
    runtimeClass,
    defaultIngressClass,
  ];
}
