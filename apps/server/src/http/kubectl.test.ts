import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDefaultPlugins } from '../admission/default-plugins';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

const run = promisify(execFile);

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// An unmodified kubectl from the PATH; without one these tests are left out.
const suite = test.skipIf(!hasKubectl());
let server: TestApiServer;
let kubeconfig: string;

beforeAll(async () => {
  // Pods need no service account here: its controller does not run.
  const admission = createDefaultPlugins().filter(({ name }) => name !== 'ServiceAccount');
  server = await startTestApiServer({ admission });
  kubeconfig = join(server.directory, 'kubeconfig');
  const cluster = {
    server: server.baseUrl,
    'certificate-authority-data': Buffer.from(server.ca).toString('base64'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token: server.token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
});
afterAll(() => server.stop());

async function kubectl(...args: string[]): Promise<string> {
  const cache = ['--kubeconfig', kubeconfig, '--cache-dir', join(server.directory, 'cache')];
  return (await run('kubectl', [...cache, ...args])).stdout;
}

suite('kubectl creates, applies, reads, changes and deletes', { timeout: 120_000 }, async () => {
  const manifest = join(server.directory, 'web.yaml');
  const deployment = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: example/web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;
  await writeFile(manifest, deployment(2));
  expect(await kubectl('create', 'namespace', 'shop')).toBe('namespace/shop created\n');
  expect(await kubectl('apply', '-n', 'shop', '-f', manifest)).toContain('deployment.apps/web created');
  expect(await kubectl('apply', '-n', 'shop', '-f', manifest)).toContain('deployment.apps/web unchanged');
  await writeFile(manifest, deployment(3));
  expect(await kubectl('apply', '-n', 'shop', '-f', manifest)).toContain('deployment.apps/web configured');
  expect(await kubectl('get', 'deploy', '-n', 'shop')).toMatch(/web +0\/3/);
  await kubectl('scale', 'deploy/web', '--replicas=5', '-n', 'shop');
  await kubectl('label', 'deploy/web', 'tier=front', '-n', 'shop');
  expect(
    await kubectl(
      'get',
      'deploy',
      'web',
      '-n',
      'shop',
      '-o',
      'jsonpath={.spec.replicas} {.metadata.labels.tier}',
    ),
  ).toBe('5 front');
  expect(await kubectl('describe', 'service', 'web', '-n', 'shop')).toMatch(/Selector: +app=web/);
  expect(await kubectl('explain', 'deployment.spec.replicas')).toContain('integer');
  expect(await kubectl('delete', '-n', 'shop', '-f', manifest)).toContain('deployment.apps "web" deleted');
});

suite('kubectl sees changes as they happen', { timeout: 60_000 }, async () => {
  await kubectl('create', 'configmap', 'watched', '--from-literal=a=b');
  const waiting = kubectl('wait', 'configmap/watched', '--for=jsonpath={.data.a}=c', '--timeout=30s');
  await kubectl('patch', 'configmap', 'watched', '-p', '{"data":{"a":"c"}}');
  expect(await waiting).toContain('condition met');
});
