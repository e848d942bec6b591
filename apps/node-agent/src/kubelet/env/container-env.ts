import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ConfigMap, Container, EnvVarSource, Pod, Secret, Service } from 'kubernetes-types/core/v1';
import type { EnvVar } from '../../runtime/runtime';
import { ConfigError } from '../config-error';
import { expand } from './expand';
import { fieldValue, type PodFacts, resourceFieldValue } from './field-ref';
import { serviceEnv } from './service-env';

/** Config maps and secrets of one namespace; undefined for one that does not exist. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

export interface EnvInput {
  readonly pod: Stored<Pod>;
  readonly container: Container;
  readonly facts: PodFacts;
  readonly services: readonly Stored<Service>[];
  readonly config: ConfigSource;
}

/**
 * The environment of a container, each name once, later sources over earlier ones: services, `envFrom`, `env`.
 * `env` may use names before it as `$(NAME)`. Throws ConfigError for what is asked for and missing.
 */
export async function containerEnv(input: EnvInput): Promise<EnvVar[]> {
  const { pod, container } = input;
  const namespace = pod.metadata.namespace ?? '';
  const values = new Map<string, string>();
  const links = serviceEnv(input.services, { namespace, links: pod.spec?.enableServiceLinks !== false });
  for (const { name, value } of links) values.set(name, value);
  for (const [name, value] of await fromSources(input, namespace)) values.set(name, value);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom ? await fromReference(input, namespace, valueFrom) : expand(value ?? '', values);
    if (found !== undefined) values.set(name, found);
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

async function fromSources({ container, config }: EnvInput, namespace: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef?.name) {
      const map = await config.configMap(namespace, configMapRef.name);
      if (!map && !configMapRef.optional) throw new ConfigError(`configmap "${configMapRef.name}" not found`);
      for (const [key, value] of Object.entries(map?.data ?? {})) found.push([prefix + key, value]);
    }
    if (secretRef?.name) {
      const secret = await config.secret(namespace, secretRef.name);
      if (!secret && !secretRef.optional) throw new ConfigError(`secret "${secretRef.name}" not found`);
      for (const [key, value] of Object.entries(secret?.data ?? {}))
        found.push([prefix + key, decode(value)]);
    }
  }
  return found;
}

async function fromReference(
  { pod, container, facts, config }: EnvInput,
  namespace: string,
  source: EnvVarSource,
): Promise<string | undefined> {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef) {
    const value = fieldValue(pod, fieldRef.fieldPath, facts);
    if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef) {
    const value = resourceFieldValue(pod, resourceFieldRef, { container: container.name, facts });
    if (value === undefined) throw new ConfigError(`unsupported resource: ${resourceFieldRef.resource}`);
    return value;
  }
  if (configMapKeyRef?.name) {
    const map = await config.configMap(namespace, configMapKeyRef.name);
    const value = map?.data?.[configMapKeyRef.key];
    return required(value, { kind: 'configmap', exists: Boolean(map), namespace, ...configMapKeyRef });
  }
  if (secretKeyRef?.name) {
    const secret = await config.secret(namespace, secretKeyRef.name);
    const value = secret?.data?.[secretKeyRef.key];
    const text = value === undefined ? undefined : decode(value);
    return required(text, { kind: 'secret', exists: Boolean(secret), namespace, ...secretKeyRef });
  }
  return undefined;
}

interface KeyReference {
  readonly kind: 'configmap' | 'secret';
  readonly exists: boolean;
  readonly namespace: string;
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
}

function required(value: string | undefined, reference: KeyReference): string | undefined {
  if (value !== undefined || reference.optional) return value;
  const { kind, name, namespace, key } = reference;
  if (!reference.exists) throw new ConfigError(`${kind} "${name}" not found`);
  const title = kind === 'secret' ? 'Secret' : 'ConfigMap';
  throw new ConfigError(`couldn't find key ${key} in ${title} ${namespace}/${name}`);
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
