import { claimNamesOf } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { EnvFromSource, EnvVar, Pod, Volume } from 'kubernetes-types/core/v1';

/** Kinds of things that a pod points to and that its node must therefore be able to read. */
export type ReferencedPlural = 'secrets' | 'configmaps' | 'serviceaccounts' | 'persistentvolumeclaims';

/** Whether a pod points to the object `name` (in the pod's own namespace) of a kind. */
export function podReferences(pod: Pod, plural: ReferencedPlural, name: string): boolean {
  for (const reference of referencesOf(pod))
    if (reference.plural === plural && reference.name === name) return true;
  return false;
}

/** Everything of these kinds that a pod points to: volumes, environment, pull secrets, service account. */
function* referencesOf(pod: Pod): Generator<{ plural: ReferencedPlural; name: string }> {
  const { spec } = pod;
  if (!spec) return;
  const serviceAccount = spec.serviceAccountName ?? spec.serviceAccount;
  if (serviceAccount) yield { plural: 'serviceaccounts', name: serviceAccount };
  for (const { name } of spec.imagePullSecrets ?? []) if (name) yield { plural: 'secrets', name };
  for (const volume of spec.volumes ?? []) yield* ofVolume(volume);
  for (const name of claimNamesOf(pod)) yield { plural: 'persistentvolumeclaims', name };
  const containers = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) {
    for (const source of container.envFrom ?? []) yield* ofEnvFrom(source);
    for (const variable of container.env ?? []) yield* ofVariable(variable);
  }
}

function* ofVolume(volume: Volume): Generator<{ plural: ReferencedPlural; name: string }> {
  if (volume.secret?.secretName) yield { plural: 'secrets', name: volume.secret.secretName };
  if (volume.configMap?.name) yield { plural: 'configmaps', name: volume.configMap.name };
  for (const source of volume.projected?.sources ?? []) {
    if (source.secret?.name) yield { plural: 'secrets', name: source.secret.name };
    if (source.configMap?.name) yield { plural: 'configmaps', name: source.configMap.name };
  }
}

function* ofEnvFrom(source: EnvFromSource): Generator<{ plural: ReferencedPlural; name: string }> {
  if (source.secretRef?.name) yield { plural: 'secrets', name: source.secretRef.name };
  if (source.configMapRef?.name) yield { plural: 'configmaps', name: source.configMapRef.name };
}

function* ofVariable(variable: EnvVar): Generator<{ plural: ReferencedPlural; name: string }> {
  const from = variable.valueFrom;
  if (from?.secretKeyRef?.name) yield { plural: 'secrets', name: from.secretKeyRef.name };
  if (from?.configMapKeyRef?.name) yield { plural: 'configmaps', name: from.configMapKeyRef.name };
}
