import type { Volume } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance, conformances, type Stage } from '../support/suite';

interface DirectoryCase {
  readonly medium: 'default' | 'tmpfs';
  readonly user: 'root' | 'non-root';
  readonly mode: string;
}

const volume = (medium: DirectoryCase['medium']): Volume => ({
  name: 'scratch',
  emptyDir: medium === 'tmpfs' ? { medium: 'Memory' } : {},
});

const NAME = '[sig-storage] EmptyDir volumes';

function modes(): void {
  const cases: Record<string, DirectoryCase> = {};
  for (const user of ['root', 'non-root'] as const)
    for (const mode of ['0644', '0666', '0777'])
      for (const medium of ['default', 'tmpfs'] as const)
        cases[
          `${NAME} should support (${user},${mode},${medium}) [LinuxOnly] [NodeConformance] [Conformance]`
        ] = { user, mode, medium };
  conformances(cases, async ({ space, pods }, { user, mode, medium }) => {
    const script = `cd /scratch && echo content > file && chmod ${mode} file && stat -c "0%a %u" file && cat file && grep " /scratch " /proc/mounts`;
    const { pod, log } = await space.run(
      pods.once('writer', script, {
        volumes: [volume(medium)],
        container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
        spec: user === 'root' ? {} : { securityContext: { runAsUser: 1001 } },
      }),
    );
    expect(pod.status?.phase).toBe('Succeeded');
    const [stat, content, mounted = ''] = log.split('\n');
    expect([stat, content]).toEqual([`${mode} ${user === 'root' ? 0 : 1001}`, 'content']);
    expect(mounted.split(' ')[2] === 'tmpfs').toBe(medium === 'tmpfs');
  });

  conformances<DirectoryCase['medium']>(
    {
      [`${NAME} volume on default medium should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]`]:
        'default',
      [`${NAME} volume on tmpfs should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]`]:
        'tmpfs',
    },
    async ({ space, pods }, medium) => {
      const { log } = await space.run(
        pods.once('reader', 'stat -c %a /scratch; grep " /scratch " /proc/mounts', {
          volumes: [volume(medium)],
          container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
        }),
      );
      const [mode, mounted = ''] = log.split('\n');
      expect(mode).toBe('777');
      expect(mounted.split(' ')[2] === 'tmpfs').toBe(medium === 'tmpfs');
    },
  );
}

async function shared({ space, pods }: Stage): Promise<void> {
  const volumeMounts = [{ name: 'scratch', mountPath: '/scratch' }];
  await space.start(
    pods.idle('pair', {
      volumes: [volume('default')],
      spec: {
        containers: [
          pods.container('echo shared > /scratch/file; exec sleep 1000000', { name: 'one', volumeMounts }),
          pods.container('exec sleep 1000000', { name: 'two', volumeMounts }),
        ],
      },
    }),
  );
  expect(
    await space.exec('pair', 'until [ -s /scratch/file ]; do sleep 0.1; done; cat /scratch/file', 'two'),
  ).toBe('shared\n');
}

async function wrappers({ space, pods }: Stage): Promise<void> {
  await space.create('secrets', { metadata: { name: 'hidden' }, stringData: { key: 'secret' } });
  await space.create('configmaps', { metadata: { name: 'map' }, data: { key: 'map' } });
  const { log } = await space.run(
    pods.once('both', 'cat /etc/hidden/key /etc/map/key', {
      volumes: [
        { name: 'hidden', secret: { secretName: 'hidden' } },
        { name: 'map', configMap: { name: 'map' } },
      ],
      container: {
        volumeMounts: [
          { name: 'hidden', mountPath: '/etc/hidden' },
          { name: 'map', mountPath: '/etc/map' },
        ],
      },
    }),
  );
  expect(log).toBe('secretmap');
}

/** Several pods of one node, each with fifty volumes. */
async function manyVolumes({ space, pods, wide }: Stage): Promise<void> {
  const names = Array.from({ length: 50 }, (_, index) => `map-${index}`);
  await Promise.all(
    names.map((name) => space.create('configmaps', { metadata: { name }, data: { 'data-1': name } })),
  );
  const [node] = await wide.list('nodes');
  const runs = ['one', 'two', 'three'].map((pod) =>
    space.run(
      pods.once(pod, 'cat /etc/map/*/data-1', {
        volumes: names.map((name) => ({ name, configMap: { name } })),
        container: { volumeMounts: names.map((name) => ({ name, mountPath: `/etc/map/${name}` })) },
        spec: { nodeName: node?.metadata.name ?? '' },
      }),
    ),
  );
  for (const { log } of await Promise.all(runs)) expect(log).toBe([...names].sort().join(''));
}

/** Directories that live as long as their pod. */
export function emptyDirs(): void {
  modes();
  conformance(`${NAME} pod should support shared volumes between containers [Conformance]`, shared);
  conformance('[sig-storage] EmptyDir wrapper volumes should not conflict [Conformance]', wrappers);
  conformance(
    '[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial] [Conformance]',
    manyVolumes,
  );
}
