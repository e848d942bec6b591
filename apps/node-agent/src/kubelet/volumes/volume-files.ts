import type { Stored } from '@wheelhouse/shared/meta/object';
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from 'kubernetes-types/core/v1';
import { MountError } from '../config-error';
import type { ConfigSource } from '../env/container-env';
import { fieldValue, type PodFacts, resourceFieldValue } from '../env/field-ref';
import type { VolumeFile } from './atomic-files';

export interface VolumeInput {
  readonly pod: Stored<Pod>;
  readonly facts: PodFacts;
  readonly config: ConfigSource;
  /** A token of the pod's service account; throws when the server gives none. */
  serviceAccountToken(options: { audience: string | undefined; expirationSeconds: number }): Promise<string>;
}

const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3_600;

/** The files of a volume that is made of objects; undefined for volumes of other sorts. */
export async function volumeFiles(volume: Volume, input: VolumeInput): Promise<VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return fromConfigMap(configMap, input, configMap.defaultMode);
  if (secret) return fromSecret({ ...secret, name: secret.secretName }, input, secret.defaultMode);
  if (downwardAPI) return fromDownward(downwardAPI.items ?? [], input, downwardAPI.defaultMode);
  if (!projected) return undefined;
  const parts = await Promise.all(
    (projected.sources ?? []).map((source) => fromProjection(source, input, projected.defaultMode)),
  );
  return parts.flat();
}

async function fromProjection(
  source: VolumeProjection,
  input: VolumeInput,
  mode: number | undefined,
): Promise<VolumeFile[]> {
  if (source.configMap) return fromConfigMap(source.configMap, input, mode);
  if (source.secret) return fromSecret(source.secret, input, mode);
  if (source.downwardAPI) return fromDownward(source.downwardAPI.items ?? [], input, mode);
  if (source.serviceAccountToken) {
    const { path, audience, expirationSeconds } = source.serviceAccountToken;
    const token = await input.serviceAccountToken({
      audience,
      expirationSeconds: expirationSeconds ?? TOKEN_SECONDS,
    });
    return [{ path, content: Buffer.from(token), mode: mode ?? DEFAULT_MODE }];
  }
  throw new MountError('a projected volume names a source that this node does not know');
}

interface ObjectSource {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

async function fromConfigMap(source: ObjectSource, input: VolumeInput, mode?: number): Promise<VolumeFile[]> {
  const { namespace = '' } = input.pod.metadata;
  const map: ConfigMap | undefined = await input.config.configMap(namespace, source.name ?? '');
  if (!map && !source.optional) throw new MountError(`configmap "${source.name}" not found`);
  const contents = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(map?.data ?? {})) contents.set(key, Buffer.from(text));
  for (const [key, text] of Object.entries(map?.binaryData ?? {}))
    contents.set(key, Buffer.from(text, 'base64'));
  return pick(contents, source, mode);
}

async function fromSecret(source: ObjectSource, input: VolumeInput, mode?: number): Promise<VolumeFile[]> {
  const { namespace = '' } = input.pod.metadata;
  const secret: Secret | undefined = await input.config.secret(namespace, source.name ?? '');
  if (!secret && !source.optional) throw new MountError(`secret "${source.name}" not found`);
  const contents = new Map(
    Object.entries(secret?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
  );
  return pick(contents, source, mode);
}

/** All keys under their own names, or the listed ones under theirs. */
function pick(
  contents: ReadonlyMap<string, Buffer>,
  source: ObjectSource,
  mode = DEFAULT_MODE,
): VolumeFile[] {
  if (!source.items) return [...contents].map(([path, content]) => ({ path, content, mode }));
  return source.items.flatMap((item) => {
    const content = contents.get(item.key);
    if (content) return [{ path: item.path, content, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new MountError(`references non-existent config key: ${item.key}`);
  });
}

function fromDownward(
  items: readonly DownwardAPIVolumeFile[],
  input: VolumeInput,
  mode = DEFAULT_MODE,
): VolumeFile[] {
  return items.map((item) => {
    const value = item.fieldRef
      ? fieldValue(input.pod, item.fieldRef.fieldPath, input.facts)
      : item.resourceFieldRef
        ? resourceFieldValue(input.pod, item.resourceFieldRef, { facts: input.facts })
        : undefined;
    if (value === undefined) throw new MountError(`downward API item "${item.path}" names an unknown field`);
    return { path: item.path, content: Buffer.from(value), mode: item.mode ?? mode };
  });
}
