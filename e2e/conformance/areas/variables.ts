import type { Container, EnvVar, Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance, conformances, type Stage } from '../support/suite';

const EXPANSION = '[k8s.io] Variable Expansion should';

function expansion(): void {
  conformances<{ container: Partial<Container>; said: string }>(
    {
      [`${EXPANSION} allow composing env vars into new env vars [NodeConformance] [Conformance]`]: {
        container: {
          env: [
            { name: 'FOO', value: 'foo-value' },
            { name: 'BAR', value: 'bar-value' },
            { name: 'FOOBAR', value: '$(FOO);;$(BAR);;$$(FOO);;$(NONE)' },
          ],
          command: ['sh', '-c', 'echo "$FOOBAR"'],
        },
        said: 'foo-value;;bar-value;;$(FOO);;$(NONE)\n',
      },
      [`${EXPANSION} allow substituting values in a container's args [NodeConformance] [Conformance]`]: {
        container: {
          env: [{ name: 'TEST_VAR', value: 'test-value' }],
          command: ['sh', '-c'],
          args: ['TEST_VAR=wrong echo "$(TEST_VAR)"'],
        },
        said: 'test-value\n',
      },
      [`${EXPANSION} allow substituting values in a container's command [NodeConformance] [Conformance]`]: {
        container: {
          env: [{ name: 'TEST_VAR', value: 'test-value' }],
          command: ['sh', '-c', 'TEST_VAR=wrong echo "$(TEST_VAR)"'],
        },
        said: 'test-value\n',
      },
    },
    async ({ space, pods }, { container, said }) => {
      const { log } = await space.run(pods.once('expanding', '', { container }));
      expect(log).toBe(said);
    },
  );
}

/** A pod whose container mounts a volume at /whole, and at /sub what the expression names. */
function subPathPod({ pods }: Stage, script: string, options: { env: EnvVar[]; expression: string }): Pod {
  return pods.once('sub-path', script, {
    annotations: { other: 'mypath' },
    volumes: [{ name: 'data', emptyDir: {} }],
    container: {
      env: options.env,
      volumeMounts: [
        { name: 'data', mountPath: '/whole' },
        { name: 'data', mountPath: '/sub', subPathExpr: options.expression },
      ],
    },
  });
}

const podName: EnvVar = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
const annotation: EnvVar = {
  name: 'ANNOTATION',
  valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } },
};

const refused = ({ status }: Pod) =>
  status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError';

function subPaths(): void {
  conformance(
    `${EXPANSION} allow substituting values in a volume subpath [sig-storage] [Conformance]`,
    async (stage) => {
      const script = 'test -d /whole/sub-path/test && echo there';
      const expression = '$(POD_NAME)/test';
      const { log } = await stage.space.run(subPathPod(stage, script, { env: [podName], expression }));
      expect(log).toBe('there\n');
    },
  );

  conformances<string>(
    {
      [`${EXPANSION} fail substituting values in a volume subpath with backticks [sig-storage][Slow] [Conformance]`]:
        '..',
      [`${EXPANSION} fail substituting values in a volume subpath with absolute path [sig-storage][Slow] [Conformance]`]:
        '/tmp',
    },
    async (stage, value) => {
      const env = [{ name: 'POD_NAME', value }];
      await stage.space.create('pods', subPathPod(stage, 'true', { env, expression: '$(POD_NAME)' }));
      await stage.space.until('pods', 'sub-path', refused);
    },
  );

  conformance(
    `${EXPANSION} succeed in writing subpaths in container [sig-storage][Slow] [Conformance]`,
    async (stage) => {
      const script = 'echo written > /sub/file && cat /whole/mypath/sub-path/file && ls /whole/mypath';
      const env = [
        podName,
        { name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['other']" } } },
      ];
      const expression = '$(ANNOTATION)/$(POD_NAME)';
      const { log } = await stage.space.run(subPathPod(stage, script, { env, expression }));
      expect(log).toBe('written\nsub-path\n');
    },
  );

  conformance(
    `${EXPANSION} verify that a failing subpath expansion can be modified during the lifecycle of a container [sig-storage][Slow] [Conformance]`,
    async (stage) => {
      const { space } = stage;
      const made = { env: [podName, annotation], expression: '$(ANNOTATION)/$(POD_NAME)' };
      await space.create('pods', subPathPod(stage, 'ls /whole/mypath', made));
      await space.until('pods', 'sub-path', refused);
      await space.patch('pods', 'sub-path', { metadata: { annotations: { mysubpath: 'mypath' } } });
      await space.until('pods', 'sub-path', ({ status }) => status?.phase === 'Succeeded');
      expect(await space.log('sub-path')).toBe('sub-path\n');
    },
  );
}

const DOWNWARD = '[sig-node] Downward API should provide';

const field = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resource = (name: string, key: string, divisor?: string): EnvVar => ({
  name,
  valueFrom: { resourceFieldRef: { resource: key, ...(divisor ? { divisor } : {}) } },
});

const amounts = [
  resource('CPU_LIMIT', 'limits.cpu'),
  resource('MEMORY_LIMIT', 'limits.memory'),
  resource('CPU_REQUEST', 'requests.cpu', '1m'),
  resource('MEMORY_REQUEST', 'requests.memory', '1Mi'),
];

interface DownwardCase {
  readonly env: EnvVar[];
  readonly resources?: Container['resources'];
  expected(stage: Stage, pod: Pod): Promise<string[]>;
}

function downward(): void {
  conformances<DownwardCase>(
    {
      [`${DOWNWARD} pod name, namespace and IP address as env vars [NodeConformance] [Conformance]`]: {
        env: [
          field('POD_NAME', 'metadata.name'),
          field('POD_NAMESPACE', 'metadata.namespace'),
          field('POD_IP', 'status.podIP'),
        ],
        expected: async ({ space }, { status }) => [
          'POD_NAME=downward',
          `POD_NAMESPACE=${space.name}`,
          `POD_IP=${status?.podIP}`,
        ],
      },
      [`${DOWNWARD} host IP as an env var [NodeConformance] [Conformance]`]: {
        env: [field('HOST_IP', 'status.hostIP')],
        expected: async (_, { status }) => [`HOST_IP=${status?.hostIP}`],
      },
      [`${DOWNWARD} pod UID as env vars [NodeConformance] [Conformance]`]: {
        env: [field('POD_UID', 'metadata.uid')],
        expected: async (_, { metadata }) => [`POD_UID=${metadata?.uid}`],
      },
      [`${DOWNWARD} container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]`]:
        {
          env: amounts,
          resources: {
            requests: { cpu: '25m', memory: '16Mi' },
            limits: { cpu: '1250m', memory: '64Mi' },
          },
          // Rounded up where the divisor is coarser.
          expected: async () => [
            'CPU_LIMIT=2',
            'MEMORY_LIMIT=67108864',
            'CPU_REQUEST=25',
            'MEMORY_REQUEST=16',
          ],
        },
      [`${DOWNWARD} default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]`]: {
        env: [resource('CPU_LIMIT', 'limits.cpu'), resource('MEMORY_LIMIT', 'limits.memory', '1Ki')],
        expected: async ({ wide }, { spec }) => {
          const { status } = await wide.get('nodes', spec?.nodeName ?? '');
          const { cpu = '', memory = '' } = status?.allocatable ?? {};
          return [`CPU_LIMIT=${cpu}`, `MEMORY_LIMIT=${memory.replace('Ki', '')}`];
        },
      },
    },
    async (stage, { env, resources, expected }) => {
      const container = { env, ...(resources ? { resources } : {}) };
      const { pod, log } = await stage.space.run(stage.pods.once('downward', 'env', { container }));
      const lines = log.split('\n');
      for (const line of await expected(stage, pod)) expect(lines).toContain(line);
    },
  );
}

const CONFIG = '[sig-node] ConfigMap should';

function configMaps(): void {
  const data = { 'data-1': 'value-1', 'data-2': 'value-2' };
  conformances<{ container: Partial<Container>; lines: string[] }>(
    {
      [`${CONFIG} be consumable via environment variable [NodeConformance] [Conformance]`]: {
        container: {
          env: [{ name: 'CONFIG_DATA_1', valueFrom: { configMapKeyRef: { name: 'config', key: 'data-1' } } }],
        },
        lines: ['CONFIG_DATA_1=value-1'],
      },
      [`${CONFIG} be consumable via the environment [NodeConformance] [Conformance]`]: {
        container: {
          // A shell would drop the names that it cannot have itself.
          command: ['env'],
          envFrom: [{ configMapRef: { name: 'config' } }, { prefix: 'p-', configMapRef: { name: 'config' } }],
        },
        lines: ['data-1=value-1', 'data-2=value-2', 'p-data-1=value-1', 'p-data-2=value-2'],
      },
    },
    async ({ space, pods }, { container, lines }) => {
      await space.create('configmaps', { metadata: { name: 'config' }, data });
      const { log } = await space.run(pods.once('configured', 'env', { container }));
      for (const line of lines) expect(log.split('\n')).toContain(line);
    },
  );

  conformance(`${CONFIG} fail to create ConfigMap with empty key [Conformance]`, async ({ api, space }) => {
    const answer = await api.send(space.path('configmaps'), {
      method: 'POST',
      body: { metadata: { name: 'config' }, data: { '': 'value' } },
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ reason: 'Invalid' });
  });

  conformance(`${CONFIG} run through a ConfigMap lifecycle [Conformance]`, async (stage) => {
    const { space, wide } = stage;
    const labels = { lifecycle: stage.unique };
    await space.create('configmaps', { metadata: { name: 'config', labels }, data });
    expect((await space.get('configmaps', 'config')).data).toEqual(data);
    await space.patch('configmaps', 'config', { data: { 'data-1': 'patched', 'data-2': null } });
    const selector = `?labelSelector=lifecycle%3D${stage.unique}`;
    const [found] = await wide.list('configmaps', selector);
    expect(found?.data).toEqual({ 'data-1': 'patched' });
    await space.removeAll('configmaps', selector);
    expect(await wide.list('configmaps', selector)).toEqual([]);
  });
}

/** The environment of containers. */
export function variables(): void {
  expansion();
  subPaths();
  downward();
  configMaps();
}
