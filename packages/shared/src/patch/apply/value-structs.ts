import { shortTypeName } from '../../meta/schema';

/**
 * Which fields hold a struct by value: such a field is there, if empty, as soon as its parent is, so that writing
 * into it does not make the writer the owner of the field itself. Everywhere else an object-shaped field may be
 * absent, and whoever writes it first owns it (`.`) beside what is in it.
 *
 * By name, since the API is consistent in it, with the types in which the same name may be absent.
 */
const BY_VALUE: Readonly<Record<string, readonly string[]>> = {
  metadata: [],
  spec: [],
  status: [],
  template: ['core/v1.ReplicationControllerSpec'],
  jobTemplate: [],
  strategy: [],
  updateStrategy: [],
  resources: ['core/v1.PodSpec', 'core/v1.ContainerStatus'],
  state: [],
  lastState: [],
  daemonEndpoints: [],
  kubeletEndpoint: [],
  nodeInfo: [],
  loadBalancer: [],
  conditions: [],
  involvedObject: [],
  regarding: [],
  source: [],
  deprecatedSource: [],
  scaleTargetRef: [],
  metric: [],
  target: [],
  current: [],
  describedObject: [],
  backend: [],
  port: [],
  roleRef: [],
  clientConfig: [],
  names: [],
  acceptedNames: [],
  podAffinityTerm: [],
  preference: [],
  podSelector: [],
  priorityLevelConfiguration: [],
  limitResponse: [],
};

/** `owner`: name of the type in the schema. */
export function isHeldByValue(owner: string, field: string): boolean {
  if (!Object.hasOwn(BY_VALUE, field)) return false;
  return !(BY_VALUE[field] ?? []).includes(shortTypeName(owner));
}
