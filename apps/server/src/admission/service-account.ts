import { randomInt } from 'node:crypto';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import type { Container, PodSpec, ServiceAccount, Volume } from 'kubernetes-types/core/v1';
import type { AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** An hour and a little: tells tokens that were mounted apart from those that somebody asked for. */
const TOKEN_SECONDS = 3_607;
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Gives every pod a service account (`default` unless it names one) and, unless account or pod object, a token for
 * the API with the cluster's CA and the namespace. A replacement that leaves these out keeps them. An account that
 * is not there yet is no reason to refuse the pod, see docs/decisions/0005.
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(attributes) {
    const written = writtenPod(attributes);
    const spec = written?.pod.spec;
    if (!spec) return;
    const kept = written.previous ? written.previous.spec?.serviceAccountName : 'default';
    const name = spec.serviceAccountName || spec.serviceAccount || kept;
    if (!name) return;
    spec.serviceAccountName = name;
    // The deprecated field carries the same value; old clients read it.
    spec.serviceAccount = name;
    if (written.previous) {
      keepToken(spec, written.previous.spec);
      return;
    }
    const reference = { name, namespace: attributes.namespace };
    const { reader } = attributes;
    const cached = reader.cached?.(serviceAccountKind, reference);
    // A controller makes `default` without any settings: one that is not seen yet is as good as that.
    if (cached || (reader.cached && name === 'default')) {
      applyAccount(spec, cached);
      return;
    }
    return reader.get(serviceAccountKind, reference).then((account) => applyAccount(spec, account));
  },
};

function applyAccount(spec: PodSpec, account: ServiceAccount | undefined): void {
  if (spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true) mountToken(spec);
  const secrets = account?.imagePullSecrets ?? [];
  if (secrets.length && !spec.imagePullSecrets?.length) {
    spec.imagePullSecrets = secrets.map((secret) => ({ ...secret }));
  }
}

function mountToken(spec: PodSpec): void {
  const known = spec.volumes?.find(({ name }) => name?.startsWith(VOLUME_PREFIX))?.name;
  const volume = known ?? VOLUME_PREFIX + randomLetters(5);
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: volume, readOnly: true, mountPath: MOUNT_PATH },
    ];
    mounted = true;
  }
  if (mounted && known === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volume)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}

/** Whoever writes a pod, or its containers, again from a manifest does not mean to take the token away. */
function keepToken(spec: PodSpec, previous: PodSpec | undefined): void {
  const volume = previous?.volumes?.find(({ name }) => name?.startsWith(VOLUME_PREFIX));
  if (!volume) return;
  const mountsOf = (containers: readonly Container[] | undefined, name: string) =>
    containers?.find((container) => container.name === name)?.volumeMounts ?? [];
  const isVolume = ({ name }: { readonly name?: string }) => name === volume.name;
  if (!spec.volumes?.some(isVolume)) spec.volumes = [...(spec.volumes ?? []), structuredClone(volume)];
  for (const [containers, before] of [
    [spec.initContainers, previous?.initContainers],
    [spec.containers, previous?.containers],
  ] as const) {
    for (const container of containers ?? []) {
      // A merge patch that names a container's image alone replaces all the rest of the container.
      if (container.volumeMounts?.some(isVolume)) continue;
      const kept = mountsOf(before, container.name).filter(isVolume);
      if (kept.length) container.volumeMounts = [...(container.volumeMounts ?? []), ...structuredClone(kept)];
    }
  }
}

function randomLetters(count: number): string {
  return Array.from({ length: count }, () => NAME_LETTERS[randomInt(NAME_LETTERS.length)]).join('');
}
