import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdProcess } from '../apps/server/src/store/etcd/testing/etcd-process';
import { deployment, list, service } from './support/manifests';
import { openPostgres, type TestPostgres } from './support/postgres';
import { answersOf } from './support/traffic';
import { eventually, removeDirectory, startWheelhouse, type Wheelhouse } from './support/wheelhouse';

const execute = promisify(execFile);

/** The same cluster on other foundations: a real etcd, a real PostgreSQL server, processes instead of containers. */
describe('on etcd and PostgreSQL, with the process runtime', () => {
  let etcd: EtcdProcess;
  let postgres: TestPostgres;
  let dataDir: string;
  let cluster: Wheelhouse;
  const args = () => [
    '--runtime',
    'process',
    '--nodes',
    '2',
    '--no-demo',
    '--store',
    `etcd:${etcd.endpoint}`,
    '--database',
    postgres.url,
  ];

  beforeAll(async () => {
    [etcd, postgres] = await Promise.all([EtcdProcess.start(), openPostgres()]);
    dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-e2e-'));
    cluster = await startWheelhouse({ dataDir, args: args() });
  });
  afterAll(async () => {
    await cluster?.stop();
    await etcd?.dispose();
    await postgres?.stop();
    await removeDirectory(dataDir);
  });

  it('runs a deployment of processes behind a service', async () => {
    await cluster.apply(list(deployment('web', 3), service('web')));
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    const { spec } = await cluster.get<{ spec: { clusterIP: string } }>('service', 'web');
    const answers = await eventually('turns over all three', async () => {
      const got = await answersOf(`http://${spec.clusterIP}/`, 6);
      return new Set(got).size === 3 ? got : undefined;
    });
    expect(answers.every((name) => name.startsWith('web-'))).toBe(true);
  });

  it('keeps objects in etcd and changes in PostgreSQL', async () => {
    const { stdout } = await execute(
      'etcdctl',
      ['--endpoints', etcd.endpoint, 'get', '--prefix', '/registry/', '--keys-only'],
      {
        env: { ...process.env, ETCDCTL_API: '3' },
      },
    );
    expect(stdout).toContain('/registry/deployments/default/web');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=2');
    const rows = await eventually('the change in the table', async () => {
      const found = await postgres.query(
        "select count(*)::int as n from audit_entries where name = 'web' and resource = 'deployments'",
      );
      return Number(found[0]?.n) >= 2 ? found : undefined;
    });
    expect(Number(rows[0]?.n)).toBeGreaterThanOrEqual(2);
  });

  it('streams logs, and follows a rolling update without losing the service', async () => {
    const { items } = await cluster.get('pods', '-l', 'app=web');
    const logs = await cluster.kubectl('logs', items[0]?.metadata.name ?? '');
    expect(logs.length).toBeGreaterThan(0);
    await cluster.kubectl('set', 'env', 'deployment/web', 'VERSION=2');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    expect(await cluster.kubectl('rollout', 'history', 'deployment/web')).toMatch(/^2\s/m);
  });

  it('comes back after kill -9 with the same processes', async () => {
    const pids = async () => {
      const { items } = await cluster.get('pods', '-l', 'app=web');
      return items
        .filter((pod) => !pod.metadata.deletionTimestamp)
        .map((pod) =>
          JSON.stringify(
            (pod.status.containerStatuses as { containerID: string }[])?.map((status) => status.containerID),
          ),
        )
        .sort();
    };
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    const before = await pids();
    await cluster.kill();
    cluster = await startWheelhouse({ dataDir, args: args() });
    await cluster.kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
    expect(await pids()).toEqual(before);
  });

  it('goes on by itself after etcd was restarted', async () => {
    await etcd.kill();
    await etcd.restart();
    await eventually('a write', async () => {
      await cluster.kubectl('create', 'configmap', 'after-restart', '--from-literal=a=b');
      return true;
    });
    expect(await cluster.kubectl('get', 'configmap', 'after-restart', '-o', 'jsonpath={.data.a}')).toBe('b');
  });
});
