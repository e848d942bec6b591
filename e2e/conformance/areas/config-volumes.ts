import type { KeyToPath, PodSecurityContext, Volume, VolumeMount } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

/** Config maps and secrets, each as a volume of its own and as a part of a projected one. */
interface Source {
  readonly kind: 'configmaps' | 'secrets';
  readonly projected: boolean;
}

const configMap: Source = { kind: 'configmaps', projected: false };
const secret: Source = { kind: 'secrets', projected: false };
const projectedConfigMap: Source = { kind: 'configmaps', projected: true };
const projectedSecret: Source = { kind: 'secrets', projected: true };

interface VolumeOptions {
  readonly items?: KeyToPath[];
  readonly defaultMode?: number;
  readonly optional?: boolean;
}

function volumeOf({ kind, projected }: Source, object: string, options: VolumeOptions = {}): Volume {
  const { items, defaultMode, optional } = options;
  const part = { ...(items ? { items } : {}), ...(optional ? { optional } : {}) };
  const mode = defaultMode === undefined ? {} : { defaultMode };
  const name = object;
  if (projected) {
    const projection = { name: object, ...part };
    const source = kind === 'secrets' ? { secret: projection } : { configMap: projection };
    return { name, projected: { sources: [source], ...mode } };
  }
  return kind === 'secrets'
    ? { name, secret: { secretName: object, ...part, ...mode } }
    : { name, configMap: { name: object, ...part, ...mode } };
}

const mount = (name: string): VolumeMount => ({ name, mountPath: `/etc/${name}`, readOnly: true });

const create = ({ space }: Stage, { kind }: Source, name: string, values: Record<string, string>) =>
  kind === 'secrets'
    ? space.create('secrets', { metadata: { name }, stringData: values })
    : space.create('configmaps', { metadata: { name }, data: values });

/** A strategic patch of one value. */
const valuePatch = ({ kind }: Source, key: string, value: string) =>
  kind === 'secrets' ? { stringData: { [key]: value } } : { data: { [key]: value } };

interface ReadCase {
  readonly source: Source;
  readonly options?: VolumeOptions;
  readonly security?: PodSecurityContext;
  /** The file and its mode as the container sees them. */
  readonly file: string;
  readonly mode: string;
}

const mapped = (mode?: number): VolumeOptions => ({
  items: [{ key: 'data-2', path: 'path/to/data-2', ...(mode === undefined ? {} : { mode }) }],
});

const plain = { file: 'data-2', mode: '644' };
const nonRoot = { security: { runAsUser: 1000 } };
const withDefaultMode = { options: { defaultMode: 0o400 }, file: 'data-2', mode: '400' };
const inGroup = {
  options: { defaultMode: 0o440 },
  security: { runAsUser: 1000, fsGroup: 1001 },
  file: 'data-2',
  mode: '440',
};
const mappings = { options: mapped(), file: 'path/to/data-2', mode: '644' };
const withItemMode = { options: mapped(0o400), file: 'path/to/data-2', mode: '400' };

function reading(): void {
  const cases: Record<string, ReadCase> = {};
  for (const [title, source] of [
    ['[sig-storage] ConfigMap', configMap],
    ['[sig-storage] Projected configMap', projectedConfigMap],
  ] as const) {
    const name = `${title} should be consumable from pods in volume`;
    const end = '[NodeConformance] [Conformance]';
    cases[`${name} ${end}`] = { source, ...plain };
    cases[`${name} as non-root ${end}`] = { source, ...plain, ...nonRoot };
    cases[`${name} with defaultMode set [LinuxOnly] ${end}`] = { source, ...withDefaultMode };
    cases[`${name} with mappings ${end}`] = { source, ...mappings };
    cases[`${name} with mappings and Item mode set [LinuxOnly] ${end}`] = { source, ...withItemMode };
    cases[`${name} with mappings as non-root ${end}`] = { source, ...mappings, ...nonRoot };
  }
  for (const [title, source] of [
    ['[sig-storage] Secrets', secret],
    ['[sig-storage] Projected secret', projectedSecret],
  ] as const) {
    const name = `${title} should be consumable from pods in volume`;
    const end = '[NodeConformance] [Conformance]';
    cases[`${name} ${end}`] = { source, ...plain };
    cases[`${name} as non-root with defaultMode and fsGroup set [LinuxOnly] ${end}`] = { source, ...inGroup };
    cases[`${name} with defaultMode set [LinuxOnly] ${end}`] = { source, ...withDefaultMode };
    cases[`${name} with mappings ${end}`] = { source, ...mappings };
    cases[`${name} with mappings and Item Mode set [LinuxOnly] ${end}`] = { source, ...withItemMode };
  }
  conformances(cases, async (stage, { source, options, security, file, mode }) => {
    await create(stage, source, 'config', { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' });
    // -L: the files are links into the directory that is swapped as a whole.
    const script = `cd /etc/config && stat -L -c %a ${file} && cat ${file} && ls -R`;
    const { log } = await stage.space.run(
      stage.pods.once('reader', script, {
        volumes: [volumeOf(source, 'config', options)],
        container: { volumeMounts: [mount('config')] },
        spec: security ? { securityContext: security } : {},
      }),
    );
    const [seenMode, rest] = log.split(/\n([\s\S]*)/);
    expect(seenMode).toBe(mode);
    expect(rest).toMatch(/^value-2/);
    if (options?.items) expect(rest).not.toContain('data-1');
  });
}

function severalVolumes(): void {
  conformances<Source>(
    {
      '[sig-storage] ConfigMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]':
        configMap,
      '[sig-storage] Projected configMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]':
        projectedConfigMap,
      '[sig-storage] Secrets should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]':
        secret,
      '[sig-storage] Projected secret should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]':
        projectedSecret,
    },
    async (stage, source) => {
      await create(stage, source, 'config', { 'data-1': 'value-1' });
      const second: VolumeMount = { name: 'again', mountPath: '/etc/again' };
      const { log } = await stage.space.run(
        stage.pods.once('reader', 'cat /etc/config/data-1 /etc/again/data-1', {
          volumes: [volumeOf(source, 'config'), { ...volumeOf(source, 'config'), name: 'again' }],
          container: { volumeMounts: [mount('config'), second] },
        }),
      );
      expect(log).toBe('value-1value-1');
    },
  );

  conformance(
    '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]',
    async (stage) => {
      const { space, wide, cleanUp, unique } = stage;
      const other = `${unique}-other`;
      await wide.create('namespaces', { metadata: { name: other } });
      cleanUp(() => wide.remove('namespaces', other));
      const elsewhere = { metadata: { name: 'config' }, stringData: { 'data-1': 'elsewhere' } };
      await stage.api.json(`/api/v1/namespaces/${other}/secrets`, { method: 'POST', body: elsewhere });
      await create(stage, secret, 'config', { 'data-1': 'here' });
      const { log } = await space.run(
        stage.pods.once('reader', 'cat /etc/config/data-1', {
          volumes: [volumeOf(secret, 'config')],
          container: { volumeMounts: [mount('config')] },
        }),
      );
      expect(log).toBe('here');
    },
  );

  conformance(
    '[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]',
    async ({ space, pods }) => {
      const bytes = Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff]);
      await space.create('configmaps', {
        metadata: { name: 'config' },
        data: { 'data-1': 'value-1' },
        binaryData: { 'dump.bin': bytes.toString('base64') },
      });
      const { log } = await space.run(
        pods.once('reader', 'cat /etc/config/data-1; xxd -p /etc/config/dump.bin', {
          volumes: [volumeOf(configMap, 'config')],
          container: { volumeMounts: [mount('config')] },
        }),
      );
      expect(log).toBe(`value-1${bytes.toString('hex')}\n`);
    },
  );
}

function updates(): void {
  const read = ({ space }: Stage, file: string) => space.exec('reader', `cat ${file} 2>/dev/null || true`);

  conformances<Source>(
    {
      '[sig-storage] ConfigMap updates should be reflected in volume [NodeConformance] [Conformance]':
        configMap,
      '[sig-storage] Projected configMap updates should be reflected in volume [NodeConformance] [Conformance]':
        projectedConfigMap,
    },
    async (stage, source) => {
      await create(stage, source, 'config', { 'data-1': 'value-1' });
      await stage.space.start(
        stage.pods.idle('reader', {
          volumes: [volumeOf(source, 'config')],
          container: { volumeMounts: [mount('config')] },
        }),
      );
      expect(await read(stage, '/etc/config/data-1')).toBe('value-1');
      await stage.space.patch(source.kind, 'config', valuePatch(source, 'data-1', 'value-2'));
      await settled(async () => expect(await read(stage, '/etc/config/data-1')).toBe('value-2'), 90);
    },
  );

  conformances<Source>(
    {
      '[sig-storage] ConfigMap optional updates should be reflected in volume [NodeConformance] [Conformance]':
        configMap,
      '[sig-storage] Projected configMap optional updates should be reflected in volume [NodeConformance] [Conformance]':
        projectedConfigMap,
      '[sig-storage] Secrets optional updates should be reflected in volume [NodeConformance] [Conformance]':
        secret,
      '[sig-storage] Projected secret optional updates should be reflected in volume [NodeConformance] [Conformance]':
        projectedSecret,
    },
    async (stage, source) => {
      const names = ['deleted', 'updated', 'created'];
      await create(stage, source, 'deleted', { 'data-1': 'value-1' });
      await create(stage, source, 'updated', { 'data-1': 'value-1' });
      await stage.space.start(
        stage.pods.idle('reader', {
          volumes: names.map((name) => volumeOf(source, name, { optional: true })),
          container: { volumeMounts: names.map(mount) },
        }),
      );
      const all = () => Promise.all(names.map((name) => read(stage, `/etc/${name}/data-1`)));
      expect(await all()).toEqual(['value-1', 'value-1', '']);
      await stage.space.remove(source.kind, 'deleted');
      await stage.space.patch(source.kind, 'updated', valuePatch(source, 'data-1', 'value-2'));
      await create(stage, source, 'created', { 'data-1': 'value-3' });
      await settled(async () => expect(await all()).toEqual(['', 'value-2', 'value-3']), 90);
    },
  );
}

/** Volumes that hold config maps and secrets. */
export function configVolumes(): void {
  reading();
  severalVolumes();
  updates();
}
