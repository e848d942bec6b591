import type { PluginHandle } from '../framework/handle';
import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';
import { boundVolumes, volumeWorld } from './volume-world';

const WRONG_ZONE = rejection('node(s) had no available volume zone', { unresolvable: true });
const ZONE_LABELS = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
];
/** Between the zones of a volume that lives in several. */
const SEPARATOR = '__';

interface Need {
  readonly volume: string;
  readonly key: string;
  readonly values: ReadonlySet<string>;
}

/** Keeps pods in the zones of their volumes, as the volumes' labels tell. Nodes without zones take any. */
export function volumeZone(handle: PluginHandle): Plugin {
  const world = volumeWorld(handle);
  return {
    name: 'VolumeZone',
    scope: 'node',
    retryOn: ['node-added', 'node-changed', 'claim-changed', 'volume-changed', 'storage-class-changed'],

    preFilter({ pod }) {
      const needs: Need[] = boundVolumes(pod, world).flatMap(({ metadata }) =>
        ZONE_LABELS.flatMap((key) => {
          const label = metadata.labels?.[key];
          return label === undefined
            ? []
            : [{ volume: metadata.name, key, values: new Set(label.split(SEPARATOR)) }];
        }),
      );
      return needs.length ? { kind: 'check', state: needs } : { kind: 'skip' };
    },

    filter(_cycle, node, state) {
      const { labels } = node.traits;
      if (!ZONE_LABELS.some((key) => labels[key] !== undefined)) return undefined;
      // As made by preFilter above.
      for (const { key, values } of state as readonly Need[]) {
        if (!values.has(labels[key] ?? '')) return WRONG_ZONE;
      }
      return undefined;
    },

    shortfalls(_cycle, node, state) {
      const { labels } = node.traits;
      return (state as readonly Need[]) // made by preFilter above
        .filter(({ key, values }) => !values.has(labels[key] ?? ''))
        .map(({ volume, key, values }) => ({
          kind: 'volume',
          change: `the volume ${volume} were not only in ${key}=${[...values].join(' or ')}`,
        }));
    },
  };
}
