import { execFile } from 'node:child_process';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeDirectory, startWheelhouse, type Wheelhouse } from '../support/wheelhouse';

const execute = promisify(execFile);
/** Where scripts/provision.mjs unpacks client-go. */
const goPath = join(import.meta.dirname, '../../node_modules/.cache/kubernetes-go');

/** Kubernetes' own Go client, in an operator that is built here. */
describe('client-go', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let program: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-go-'));
    program = join(directory, 'program');
    const source = join(goPath, 'src/k8s.io/kubernetes/wheelhouse');
    await cp(join(import.meta.dirname, 'go'), source, { recursive: true });
    // Its libraries lie beside it, as before there were modules. Built once, they stay in Go's cache.
    await execute('go', ['build', '-ldflags', '-s -w', '-o', program, '.'], {
      cwd: source,
      env: { ...process.env, GOPATH: goPath, GO111MODULE: 'off', GOFLAGS: '', CGO_ENABLED: '0' },
    });
    cluster = await startWheelhouse({ args: ['--nodes', '1', '--no-demo'] });
  }, 900_000);
  afterAll(async () => {
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    await removeDirectory(directory);
  });

  it('runs an operator: discovery, informers, protobuf, events, apply, conflicts, leader election', async () => {
    const { stdout } = await execute(program, [join(cluster.dataDir, 'kubeconfig'), 'golang']);
    expect(JSON.parse(stdout)).toEqual({
      mapping: 'apps/v1, Resource=deployments',
      openapi: 'Kubernetes',
      operator: 'done',
      applied: { a: '1', b: '2' },
      conflict: true,
      forced: { a: '3' },
      managers: 1,
      writers: 8,
      leaders: 2,
    });
  });
});
