import type { AdmissionPlugin } from './admission';
import { defaultTolerationSeconds } from './default-toleration-seconds';
import { namespaceLifecycle } from './namespace-lifecycle';
import { nodeRestriction } from './node-restriction';
import { priority } from './priority';
import { serviceAccount } from './service-account';

/** The rules of every cluster, in the order in which they run. */
export function createDefaultPlugins(
  options: { readonly tolerationSeconds?: number } = {},
): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    serviceAccount,
    defaultTolerationSeconds(options.tolerationSeconds ?? 300),
    priority,
    nodeRestriction,
  ];
}
