import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReplicationController } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { removeDirectory } from '../../support/wheelhouse';
import { kubectlOf } from '../support/kubectl';
import { settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const NAME = '[sig-cli] Kubectl client';

/** A replication controller whose pods serve HTTP. */
const controller = ({ pods }: Stage, name: string, replicas: number): ReplicationController & object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: {
    replicas,
    selector: { app: name },
    template: { metadata: { labels: { app: name } }, spec: pods.server('').spec },
  },
});

const running = ({ space }: Stage, name: string, replicas: number) =>
  space.until('replicationcontrollers', name, ({ status }) => status?.readyReplicas === replicas);

function about(): void {
  conformance(
    `${NAME} Kubectl api-versions should check if v1 is in available api versions [Conformance]`,
    async (stage) => {
      const versions = (await kubectlOf(stage)('api-versions')).trim().split('\n');
      expect(versions).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'batch/v1']));
    },
  );

  conformance(
    `${NAME} Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]`,
    async (stage) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: kubectl prints in colours.
      const plain = (await kubectlOf(stage)('cluster-info')).replace(/\u001b\[[\d;]*m/g, '');
      expect(plain).toContain(`Kubernetes control plane is running at ${stage.api.url}`);
    },
  );

  conformance(`${NAME} Kubectl version should check is all data is printed [Conformance]`, async (stage) => {
    const text = await kubectlOf(stage)('version', '--output', 'json');
    const { clientVersion, serverVersion } = JSON.parse(text);
    for (const version of [clientVersion, serverVersion])
      expect(version).toMatchObject({
        major: expect.stringMatching(/^\d+$/),
        minor: expect.stringMatching(/^\d+\+?$/),
        gitVersion: expect.stringMatching(/^v\d+\.\d+\.\d+/),
        platform: expect.stringContaining('/'),
      });
  });
}

async function describes(stage: Stage): Promise<void> {
  const kubectl = kubectlOf(stage);
  await kubectl.given(controller(stage, 'described', 1), 'create');
  await running(stage, 'described', 1);
  const service = { selector: { app: 'described' }, ports: [{ port: 80, targetPort: 8080 }] };
  await stage.space.create('services', { metadata: { name: 'described' }, spec: service });
  const [pod] = await stage.space.list('pods');
  const podName = pod?.metadata.name ?? '';
  const shows = async (parts: (string | RegExp)[], ...args: string[]) => {
    const text = await kubectl('describe', ...args);
    for (const part of parts) expect(text).toMatch(part);
  };
  await settled(() =>
    shows(
      [
        /Name:\s+described-/,
        /Namespace:/,
        /Node:/,
        /Labels:\s+app=described/,
        /Status:\s+Running/,
        /IP:/,
        /Controlled By:\s+ReplicationController\/described/,
        /Image:/,
        /State:\s+Running/,
        /QoS Class:\s+BestEffort/,
        /Events:[\s\S]*Started container main/,
      ],
      'pod',
      podName,
    ),
  );
  await shows(
    [
      /Name:\s+described/,
      /Selector:\s+app=described/,
      /Replicas:\s+1 current \/ 1 desired/,
      /Pods Status:\s+1 Running \/ 0 Waiting/,
      /Created pod: described-/,
    ],
    'rc',
    'described',
  );
  await settled(() =>
    shows(
      [/Type:\s+ClusterIP/, /IP:\s+\d/, /Endpoints:\s+\d/, /Session Affinity:\s+None/],
      'service',
      'described',
    ),
  );
  await shows(
    [
      /Roles:/,
      /CreationTimestamp:/,
      /Conditions:/,
      /Addresses:/,
      /Capacity:/,
      /Kubelet Version:/,
      /Allocated resources/,
    ],
    'node',
    pod?.spec?.nodeName ?? '',
  );
  await shows([/Status:\s+Active/], 'namespace', stage.space.name);
}

async function diffs(stage: Stage): Promise<void> {
  const kubectl = kubectlOf(stage);
  const labels = { app: 'diffed' };
  const deployment = (image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'diffed', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [stage.pods.container('sleep 1', { image })] },
      },
    },
  });
  await kubectl.given(deployment('one.invalid/image:1'), 'create');
  // Found differences are told by the exit code 1.
  const { code, stdout } = await kubectl.ended(deployment('two.invalid/image:2'), 'diff');
  expect(code).toBe(1);
  expect(stdout).toMatch(/-\s+(- )?image: one\.invalid\/image:1\n\+\s+(- )?image: two\.invalid\/image:2/);
}

async function exposes(stage: Stage): Promise<void> {
  const { space } = stage;
  const kubectl = kubectlOf(stage);
  await kubectl.given(controller(stage, 'exposed', 1), 'create');
  await running(stage, 'exposed', 1);
  const leads = (name: string, port: number) =>
    space.until(
      'endpoints',
      name,
      ({ subsets }) => subsets?.[0]?.addresses?.length === 1 && subsets[0].ports?.[0]?.port === port,
    );
  await kubectl('expose', 'rc', 'exposed', '--name=rm2', '--port=1234', '--target-port=8080');
  await leads('rm2', 8080);
  await kubectl('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=8080');
  await leads('rm3', 8080);
  const { spec } = await space.get('services', 'rm3');
  expect(spec).toMatchObject({ selector: { app: 'exposed' }, ports: [{ port: 2345, targetPort: 8080 }] });
}

async function labels(stage: Stage): Promise<void> {
  const kubectl = kubectlOf(stage);
  await kubectl.given({ apiVersion: 'v1', kind: 'Pod', ...stage.pods.idle('labelled') }, 'create');
  await kubectl('label', 'pods', 'labelled', 'testing-label=testing-label-value');
  expect(await kubectl('get', 'pod', 'labelled', '-L', 'testing-label')).toContain('testing-label-value');
  await kubectl('label', 'pods', 'labelled', 'testing-label-');
  expect(await kubectl('get', 'pod', 'labelled', '-L', 'testing-label')).not.toContain('testing-label-value');
}

async function logs(stage: Stage): Promise<void> {
  const { space, pods } = stage;
  const kubectl = kubectlOf(stage);
  await space.start(
    pods.pod('logging', 'for i in $(seq 10); do echo "line $i of what is said"; done; exec sleep 1000000'),
  );
  const said = async (...args: string[]) => kubectl('logs', 'logging', 'main', ...args);
  await settled(async () => expect(await said()).toContain('line 10'));
  const lines = async (...args: string[]) => (await said(...args)).split('\n').slice(0, -1);
  expect(await lines()).toHaveLength(10);
  expect(await lines('--tail=1')).toEqual(['line 10 of what is said']);
  expect(await said('--limit-bytes=1')).toBe('l');
  const [stamped = ''] = await lines('--tail=1', '--timestamps');
  expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) line 10/);
  expect(await lines('--since=24h')).toHaveLength(10);
  const [stamp = ''] = stamped.split(' ');
  const later = new Date(Date.parse(stamp) + 3_600_000).toISOString();
  expect(await said(`--since-time=${later}`)).toBe('');
}

async function patches(stage: Stage): Promise<void> {
  const { space } = stage;
  const kubectl = kubectlOf(stage);
  await kubectl.given(controller(stage, 'patched', 1), 'create');
  const [pod] = await space.untilList('pods', '', (items) => items.length === 1);
  const name = pod?.metadata.name ?? '';
  await kubectl('patch', 'pod', name, '-p', '{"metadata":{"annotations":{"x":"y"}}}');
  expect((await space.get('pods', name)).metadata.annotations?.x).toBe('y');
}

async function replaces(stage: Stage): Promise<void> {
  const { space, cluster, pods } = stage;
  const kubectl = kubectlOf(stage);
  const { busybox, server } = cluster.images;
  await space.start(pods.idle('replaced'));
  const text = await kubectl('get', 'pod', 'replaced', '-o', 'json');
  await kubectl.given(
    JSON.parse(text.replaceAll(`"image": "${busybox}"`, `"image": "${server}"`)),
    'replace',
  );
  expect((await space.get('pods', 'replaced')).spec?.containers[0]?.image).toBe(server);
}

async function runs(stage: Stage): Promise<void> {
  const { busybox } = stage.cluster.images;
  const flags = ['--restart=Never', `--image=${busybox}`, '--image-pull-policy=Never'];
  await kubectlOf(stage)('run', 'run', ...flags, '--command', '--', 'true');
  const { spec } = await stage.space.until('pods', 'run', ({ status }) => status?.phase === 'Succeeded');
  expect(spec?.restartPolicy).toBe('Never');
  expect(spec?.containers).toMatchObject([{ image: busybox, command: ['true'] }]);
}

async function dryRuns(stage: Stage): Promise<void> {
  const { space, cluster, pods } = stage;
  const kubectl = kubectlOf(stage);
  await space.start(pods.idle('dry'));
  const image = { spec: { containers: [{ name: 'main', image: cluster.images.server }] } };
  const text = await kubectl(
    'patch',
    'pod',
    'dry',
    '-p',
    JSON.stringify(image),
    '--dry-run=server',
    '-o',
    'json',
  );
  expect(JSON.parse(text).spec.containers[0].image).toBe(cluster.images.server);
  expect((await space.get('pods', 'dry')).spec?.containers[0]?.image).toBe(cluster.images.busybox);
}

/** What a server on a Unix socket answers. */
const askSocket = (socketPath: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { host: 'localhost' } }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve(text);
    });
    asked.on('error', reject);
    asked.end();
  });

function proxies(): void {
  conformance(`${NAME} Proxy server should support proxy with --port 0 [Conformance]`, async (stage) => {
    const proxy = await kubectlOf(stage).running(/Starting to serve on (\S+)/, 'proxy', '--port=0');
    try {
      await settled(async () => {
        const answer = await fetch(`http://${proxy.line}/api/`);
        expect(await answer.json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
      });
    } finally {
      await proxy.end();
    }
  });

  conformance(`${NAME} Proxy server should support --unix-socket=/path [Conformance]`, async (stage) => {
    const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-proxy-'));
    const path = join(directory, 'socket');
    const proxy = await kubectlOf(stage).running(
      /Starting to serve on (\S+)/,
      'proxy',
      `--unix-socket=${path}`,
    );
    try {
      expect(JSON.parse(await askSocket(path, '/api/'))).toMatchObject({ kind: 'APIVersions' });
    } finally {
      await proxy.end();
      await removeDirectory(directory);
    }
  });
}

/** Who answers for a pod of a controller, by name. */
const names = (stage: Stage, app: string) =>
  kubectlOf(stage)(
    'get',
    'pods',
    '-l',
    `app=${app}`,
    '-o',
    'template',
    '--template={{range .items}}{{.metadata.name}} {{end}}',
  );

async function demo(stage: Stage, sizes: readonly number[]): Promise<void> {
  const { api, space } = stage;
  const kubectl = kubectlOf(stage);
  const [first = 1, ...rest] = sizes;
  await kubectl.given(controller(stage, 'demo', first), 'create');
  const serves = async (replicas: number) => {
    await running(stage, 'demo', replicas);
    await settled(async () => {
      const found = (await names(stage, 'demo')).trim().split(' ');
      expect(found).toHaveLength(replicas);
      for (const name of found)
        expect(await api.text(space.path('pods', `${name}:8080`, 'proxy/cgi-bin/hostname'))).toBe(
          `${name}\n`,
        );
    }, 60);
  };
  await serves(first);
  for (const replicas of rest) {
    await kubectl('scale', 'rc', 'demo', `--replicas=${replicas}`, '--timeout=2m');
    await serves(replicas);
  }
  await kubectl.given(controller(stage, 'demo', 1), 'delete', '--grace-period=0', '--force');
  await settled(async () => expect(await names(stage, 'demo')).toBe(''), 60);
}

/** A store, and a front that asks it for every request. */
async function guestbook(stage: Stage): Promise<void> {
  const { api, space, pods } = stage;
  const kubectl = kubectlOf(stage);
  const part = (name: string, replicas: number, pod: ReturnType<typeof pods.server>) => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: pod.spec },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
  const application = {
    apiVersion: 'v1',
    kind: 'List',
    items: [...part('store', 1, pods.server('')), ...part('frontend', 2, pods.peer(''))],
  };
  await kubectl.given(application, 'create');
  for (const name of ['store', 'frontend'])
    await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=2m');
  const [store] = await space.list('pods', '?labelSelector=app%3Dstore');
  const query = new URLSearchParams({
    host: 'store',
    port: '80',
    protocol: 'http',
    word: 'cgi-bin/hostname',
  });
  await settled(async () => {
    const answer = await api.text(`${space.path('services', 'frontend:80', 'proxy/ask')}?${query}`);
    expect(answer.trim()).toBe(store?.metadata.name);
  }, 60);
  await kubectl.given(application, 'delete', '--grace-period=0', '--force');
  await space.untilList('pods', '', (items) => items.length === 0);
}

/** kubectl as people use it. */
export function kubectl(): void {
  about();
  proxies();
  const cases: Record<string, (stage: Stage) => Promise<void>> = {
    'Guestbook application should create and stop a working application': guestbook,
    'Kubectl describe should check if kubectl describe prints relevant information for rc and pods':
      describes,
    'Kubectl diff should check if kubectl diff finds a difference for Deployments': diffs,
    'Kubectl expose should create services for rc': exposes,
    'Kubectl label should update the label on a resource': labels,
    'Kubectl logs should be able to retrieve and filter logs': logs,
    'Kubectl patch should add annotations for pods in rc': patches,
    "Kubectl replace should update a single-container pod's image": replaces,
    'Kubectl run pod should create a pod from an image when restart is Never': runs,
    'Kubectl server-side dry-run should check if kubectl can dry-run update Pods': dryRuns,
    'Update Demo should create and stop a replication controller': (stage) => demo(stage, [2]),
    'Update Demo should scale a replication controller': (stage) => demo(stage, [2, 1, 2]),
  };
  for (const [what, test] of Object.entries(cases)) conformance(`${NAME} ${what} [Conformance]`, test);
}
