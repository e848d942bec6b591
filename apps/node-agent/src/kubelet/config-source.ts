import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { ConfigMap, Secret } from 'kubernetes-types/core/v1';
import type { ConfigSource } from './env/container-env';

/** Long enough for the pods of one workload that start together, short enough that changes show. */
const FRESH_MS = 2_000;

/** Reads config maps and secrets one by one: a node may read only those that its pods name. */
export function createConfigSource(client: Client, clock: Clock): ConfigSource {
  const cached = <T extends KubeObject>(type: ResourceType<T>) => {
    const entries = new Map<string, { at: number; object: Promise<T | undefined> }>();
    return (namespace: string, name: string): Promise<T | undefined> => {
      const now = clock.monotonic();
      for (const [key, { at }] of entries) if (now - at > FRESH_MS) entries.delete(key);
      const key = `${namespace}/${name}`;
      const known = entries.get(key);
      if (known) return known.object;
      const object = client.get(type, { namespace, name }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        entries.delete(key);
        throw error;
      });
      entries.set(key, { at: now, object });
      return object;
    };
  };
  return { configMap: cached<ConfigMap>(configMapKind), secret: cached<Secret>(secretKind) };
}
