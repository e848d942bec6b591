import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { removeDirectory } from '../../support/wheelhouse';
import { kubectlOf } from '../support/kubectl';
import { settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';
import { controller, running } from './applications';

const NAME = '[sig-cli] Kubectl client';

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

/** kubectl as people use it. */
export function kubectl(): void {
  about();
  proxies();
  const cases: Record<string, (stage: Stage) => Promise<void>> = {
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
  };
  for (const [what, test] of Object.entries(cases)) conformance(`${NAME} ${what} [Conformance]`, test);
}
