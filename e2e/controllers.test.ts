import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiProcess, type ServerProcess, startApi, startServerProcess } from './support/api-process';
import { deployment } from './support/manifests';
import { eventually, withInput } from './support/wheelhouse';

const execute = promisify(execFile);
const agent = fileURLToPath(new URL('../apps/node-agent/dist/main.mjs', import.meta.url));

/** The control plane in several processes: an API with its scheduler, and controllers of which one works at a time. */
describe('controllers as processes of their own', () => {
  let api: ApiProcess;
  const processes: ServerProcess[] = [];
  const stops: (() => Promise<void>)[] = [];
  const kubeconfig = () => join(api.dataDir, 'kubeconfig');
  const kubectl = async (...args: string[]) =>
    (await execute('kubectl', ['--kubeconfig', kubeconfig(), ...args])).stdout;
  const holder = () =>
    kubectl(
      '-n',
      'kube-system',
      'get',
      'lease',
      'kube-controller-manager',
      '-o',
      'jsonpath={.spec.holderIdentity}',
    );
  const apply = (object: object) =>
    withInput(JSON.stringify(object), 'kubectl', ['--kubeconfig', kubeconfig(), 'apply', '-f', '-']);

  const startControllers = (...args: string[]) =>
    startServerProcess('--components', 'controllers', '--kubeconfig', kubeconfig(), ...args);

  beforeAll(async () => {
    const signers = 'csrsigning,serviceaccount-token';
    api = await startApi('--components', 'api,scheduler', '--controllers', signers);
    // One after the other, so that it is known who leads first.
    processes.push(await startControllers());
    await eventually('a leader', async () => (await holder().catch(() => '')) || undefined);
    processes.push(await startControllers('--controllers', '*,-cronjob'));
    const args = ['--server', api.url, '--token-file', join(api.dataDir, 'join-token')];
    args.push('--data-dir', join(api.dataDir, 'node'), '--node-name', 'node-1', '--runtime', 'simulated');
    const child = spawn(process.execPath, [agent, ...args], { stdio: 'ignore' });
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    stops.push(async () => {
      child.kill('SIGINT');
      await exited;
    });
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    for (const one of processes) await one.stop();
    await api?.stop();
  });

  it('give nodes pod ranges out of those of the cluster, and run what they are told to', async () => {
    const { ranges } = JSON.parse(await readFile(join(api.dataDir, 'cluster.json'), 'utf8'));
    const range = await eventually(
      'a pod range',
      async () => (await kubectl('get', 'node', 'node-1', '-o', 'jsonpath={.spec.podCIDR}')) || undefined,
    );
    expect(range.split('.').slice(0, 2)).toEqual(ranges.pods.split('.').slice(0, 2));
    await apply(deployment('web', 2));
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  });

  it('sign nothing themselves: that stays beside the API, which has the keys', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    });
    const token = await eventually(
      'a token',
      async () => (await kubectl('get', 'secret', 'token', '-o', 'jsonpath={.data.token}')) || undefined,
    );
    expect(Buffer.from(token, 'base64').toString().split('.')).toHaveLength(3);
  });

  it('the other one takes over when the leader is killed, and goes on where it was', async () => {
    const before = await holder();
    await processes[0]?.kill();
    await kubectl('scale', 'deployment/web', '--replicas=4');
    await kubectl('set', 'env', 'deployment/web', 'VERSION=2');
    const after = await eventually(
      'another leader',
      async () => {
        const now = await holder();
        return now !== before && now !== '' ? now : undefined;
      },
      90,
    );
    expect(after).not.toBe(before);
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    const status = JSON.parse(await kubectl('get', 'deployment', 'web', '-o', 'json')).status;
    expect(status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
  });

  it('leave out what was switched off', async () => {
    const log = await readFile(join(processes[1]?.dataDir ?? '', 'logs/server.log'), 'utf8');
    const line = log.split('\n').find((text) => text.includes('controllers are running')) ?? '{}';
    const { controllers } = JSON.parse(line);
    expect(controllers).toContain('deployment');
    expect(controllers).not.toContain('cronjob');
  });
});
