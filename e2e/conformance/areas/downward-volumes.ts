import type { DownwardAPIVolumeFile, Node, ResourceRequirements, Volume } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

type Wrap = (items: DownwardAPIVolumeFile[], defaultMode?: number) => Volume;

const mode = (defaultMode: number | undefined) => (defaultMode === undefined ? {} : { defaultMode });

/** A volume of its own and a part of a projected one. */
const wraps: Record<string, Wrap> = {
  '[sig-storage] Downward API volume': (items, defaultMode) => ({
    name: 'info',
    downwardAPI: { items, ...mode(defaultMode) },
  }),
  '[sig-storage] Projected downwardAPI': (items, defaultMode) => ({
    name: 'info',
    projected: { sources: [{ downwardAPI: { items } }], ...mode(defaultMode) },
  }),
};

const field = (path: string, fieldPath: string): DownwardAPIVolumeFile => ({ path, fieldRef: { fieldPath } });
const resource = (key: string, divisor: string): DownwardAPIVolumeFile => ({
  path: 'value',
  resourceFieldRef: { containerName: 'main', resource: key, divisor },
});

const limited: ResourceRequirements = {
  requests: { cpu: '250m', memory: '32Mi' },
  limits: { cpu: '1250m', memory: '64Mi' },
};

interface ValueCase {
  readonly wrap: Wrap;
  readonly item: DownwardAPIVolumeFile;
  readonly resources?: ResourceRequirements;
  readonly defaultMode?: number;
  readonly expected: string | ((node: Node) => string);
  readonly fileMode?: string;
}

const END = '[NodeConformance] [Conformance]';

function values(): void {
  const cases: Record<string, ValueCase> = {};
  for (const [title, wrap] of Object.entries(wraps)) {
    const add = (what: string, rest: Omit<ValueCase, 'wrap'>) => {
      cases[`${title} should ${what} ${END}`] = { wrap, ...rest };
    };
    const podName = field('value', 'metadata.name');
    add('provide podname only', { item: podName, expected: 'informed' });
    add('set DefaultMode on files [LinuxOnly]', {
      item: podName,
      defaultMode: 0o400,
      expected: 'informed',
      fileMode: '400',
    });
    add('set mode on item file [LinuxOnly]', {
      item: { ...podName, mode: 0o400 },
      expected: 'informed',
      fileMode: '400',
    });
    const amount = (what: string, key: string, divisor: string, expected: string) =>
      add(`provide container's ${what}`, { item: resource(key, divisor), resources: limited, expected });
    amount('cpu limit', 'limits.cpu', '1', '2');
    amount('cpu request', 'requests.cpu', '1m', '250');
    amount('memory limit', 'limits.memory', '1', '67108864');
    amount('memory request', 'requests.memory', '1Mi', '32');
    add('provide node allocatable (cpu) as default cpu limit if the limit is not set', {
      item: resource('limits.cpu', '1'),
      expected: (node) => node.status?.allocatable?.cpu ?? '',
    });
    add('provide node allocatable (memory) as default memory limit if the limit is not set', {
      item: resource('limits.memory', '1Ki'),
      expected: (node) => node.status?.allocatable?.memory?.replace('Ki', '') ?? '',
    });
  }
  conformances(cases, async (stage, { wrap, item, resources, defaultMode, expected, fileMode }) => {
    const { pod, log } = await stage.space.run(
      stage.pods.once('informed', 'stat -L -c %a /etc/info/value; cat /etc/info/value', {
        volumes: [wrap([item], defaultMode)],
        container: {
          volumeMounts: [{ name: 'info', mountPath: '/etc/info' }],
          ...(resources ? { resources } : {}),
        },
      }),
    );
    const node = await stage.wide.get('nodes', pod.spec?.nodeName ?? '');
    const value = typeof expected === 'string' ? expected : expected(node);
    expect(log).toBe(`${fileMode ?? '644'}\n${value}`);
  });
}

function updates(): void {
  for (const [title, wrap] of Object.entries(wraps)) {
    conformances<'annotations' | 'labels'>(
      {
        [`${title} should update annotations on modification ${END}`]: 'annotations',
        [`${title} should update labels on modification ${END}`]: 'labels',
      },
      async (stage, kind) => {
        const { space, pods } = stage;
        await space.start(
          pods.idle('informed', {
            [kind]: { key1: 'value1', key2: 'value2' },
            volumes: [wrap([field('value', `metadata.${kind}`)])],
            container: { volumeMounts: [{ name: 'info', mountPath: '/etc/info' }] },
          }),
        );
        const lines = async () => (await space.exec('informed', 'cat /etc/info/value')).trim().split('\n');
        expect(await lines()).toEqual(expect.arrayContaining(['key1="value1"', 'key2="value2"']));
        await space.patch('pods', 'informed', { metadata: { [kind]: { key2: null, key3: 'value3' } } });
        await settled(async () => {
          const now = await lines();
          expect(now).toEqual(expect.arrayContaining(['key1="value1"', 'key3="value3"']));
          expect(now.join()).not.toContain('key2');
        }, 90);
      },
    );
  }
}

async function combined({ space, pods, wide }: Stage): Promise<void> {
  await space.create('configmaps', { metadata: { name: 'map' }, data: { 'map-data': 'map-value' } });
  await space.create('secrets', {
    metadata: { name: 'hidden' },
    stringData: { 'secret-data': 'hidden-value' },
  });
  const sources = [
    { secret: { name: 'hidden', items: [{ key: 'secret-data', path: 'my/secret' }] } },
    { configMap: { name: 'map', items: [{ key: 'map-data', path: 'my/map' }] } },
    { downwardAPI: { items: [field('podname', 'metadata.name'), resource('limits.cpu', '1m')] } },
    { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
  ];
  const { log } = await space.run(
    pods.once(
      'combined',
      'cd /all; for f in my/secret my/map podname value; do cat $f; echo; done; cat token',
      {
        volumes: [{ name: 'all', projected: { sources } }],
        container: {
          resources: { limits: { cpu: '500m' } },
          volumeMounts: [{ name: 'all', mountPath: '/all' }],
        },
      },
    ),
  );
  const [hidden, map, name, cpu, token = ''] = log.split('\n');
  expect([hidden, map, name, cpu]).toEqual(['hidden-value', 'map-value', 'combined', '500']);
  const review = await wide.api.json<{ status: { authenticated: boolean; user: { username: string } } }>(
    '/apis/authentication.k8s.io/v1/tokenreviews',
    { method: 'POST', body: { spec: { token } } },
  );
  expect(review.status).toMatchObject({
    authenticated: true,
    user: { username: `system:serviceaccount:${space.name}:default` },
  });
}

/** Volumes that tell a pod about itself, and all that a projected volume can join. */
export function downwardVolumes(): void {
  values();
  updates();
  conformance(
    '[sig-storage] Projected combined should project all components that make up the projection API [Projection][NodeConformance] [Conformance]',
    combined,
  );
}
