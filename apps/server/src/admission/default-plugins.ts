import type { AdmissionPlugin } from './admission';
import { defaultIngressClass } from './default-ingress-class';
import { defaultStorageClass } from './default-storage-class';
import { defaultTolerationSeconds } from './default-toleration-seconds';
import { limitRanger } from './limit-ranger';
import { namespaceLifecycle } from './namespace-lifecycle';
import { nodeRestriction } from './node-restriction';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize';
import { choosePlugins, type PluginChoice } from './plugin-order';
import { priority } from './priority';
import { resourceQuota } from './resource-quota';
import { runtimeClass } from './runtime-class';
import { serviceAccount } from './service-account';
import { storageObjectInUseProtection } from './storage-object-in-use-protection';
import { taintNodesByCondition } from './taint-nodes-by-condition';

export interface DefaultPluginOptions extends PluginChoice {
  readonly tolerationSeconds?: number;
  /** Further plugins; their place follows from their names. */
  readonly extra?: readonly AdmissionPlugin[];
}

/** The rules of every cluster, in the order in which they run. */
export function createDefaultPlugins(options: DefaultPluginOptions = {}): readonly AdmissionPlugin[] {
  const plugins = [
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
    resourceQuota(),
    ...(options.extra ?? []),
  ];
  return choosePlugins(plugins, options);
}
