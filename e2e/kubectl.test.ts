import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kubectls } from './support/kubectls';
import { deployment, service } from './support/manifests';
import {
  eventually,
  removeDirectory,
  startWheelhouse,
  type Wheelhouse,
  withInput,
} from './support/wheelhouse';

const execute = promisify(execFile);

/** What people type, with every kubectl that is here, none of them with a special flag. */
describe('kubectl', () => {
  let cluster: Wheelhouse;
  beforeAll(async () => {
    cluster = await startWheelhouse({ args: ['--nodes', '2', '--no-demo'] });
  });
  afterAll(async () => {
    await cluster?.stop();
    await removeDirectory(cluster.dataDir);
  });

  for (const [version, binary] of kubectls()) {
    it(`${version} does the daily work`, async () => {
      const namespace = `kubectl-${version.replaceAll('.', '-')}`;
      const common = ['--kubeconfig', join(cluster.dataDir, 'kubeconfig'), '--namespace', namespace];
      const kubectl = async (...args: string[]) =>
        (await execute(binary, [...common, ...args], { env: { ...process.env, ...editor } })).stdout;
      const apply = (...objects: object[]) =>
        withInput(objects.map((object) => stringify(object)).join('---\n'), binary, [
          ...common,
          'apply',
          '-f',
          '-',
        ]);
      const script = join(cluster.dataDir, 'edit.sh');
      writeFileSync(script, '#!/bin/sh\nsed -i "s/replicas: 2/replicas: 1/" "$1"\n', { mode: 0o755 });
      const editor = { KUBE_EDITOR: script };

      await kubectl('create', 'namespace', namespace);
      expect(await apply(deployment('web', 1), service('web'))).toMatch(
        /deployment.apps\/web created[\s\S]*service\/web created/,
      );
      expect(await apply(deployment('web', 1), service('web'))).toMatch(
        /deployment.apps\/web unchanged[\s\S]*service\/web unchanged/,
      );
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
      expect(await kubectl('get', 'deployments')).toMatch(
        /NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+1\/1\s+1\s+1/,
      );
      expect(await kubectl('get', 'pods', '-o', 'wide')).toMatch(
        /web-\S+\s+1\/1\s+Running\s+0\s+\S+\s+10\.\d+\.\d+\.\d+\s+node-\d/,
      );
      expect(await kubectl('get', 'all')).toContain('service/web');
      expect(await kubectl('get', 'nodes')).toMatch(/node-1\s+Ready/);

      await kubectl('scale', 'deployment/web', '--replicas=2');
      await kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
      expect(await kubectl('describe', 'deployment', 'web')).toMatch(/ScalingReplicaSet/);
      const pod = (await kubectl('get', 'pods', '-o', 'name')).split('\n')[0] ?? '';
      expect(await kubectl('describe', pod)).toMatch(/Successfully assigned[\s\S]*Started container web/);
      expect(await kubectl('logs', pod)).not.toBe('');
      expect(await kubectl('logs', 'deployment/web', '--tail=1', '--timestamps')).toMatch(
        /^\d{4}-\d\d-\d\dT/,
      );

      await kubectl('label', 'deployment/web', 'tier=front');
      await kubectl('annotate', 'deployment/web', 'note=seen');
      expect(
        await kubectl(
          'get',
          'deploy',
          '-l',
          'tier=front',
          '-o',
          'jsonpath={.items[*].metadata.annotations.note}',
        ),
      ).toBe('seen');
      await kubectl('edit', 'deployment/web');
      expect(await kubectl('get', 'deployment/web', '-o', 'jsonpath={.spec.replicas}')).toBe('1');
      await kubectl(
        'patch',
        'deployment',
        'web',
        '-p',
        '{"spec":{"template":{"metadata":{"annotations":{"again":"1"}}}}}',
      );
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
      await kubectl('set', 'env', 'deployment/web', 'COLOUR=brass');
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
      await kubectl('rollout', 'undo', 'deployment/web');
      expect(
        await kubectl(
          'get',
          'deployment/web',
          '-o',
          'jsonpath={.spec.template.spec.containers[0].env[*].name}',
        ),
      ).not.toContain('COLOUR');

      expect(await kubectl('explain', 'deployment.spec.strategy.rollingUpdate.maxSurge')).toMatch(/maxSurge/);
      expect(await kubectl('explain', 'pods')).toMatch(/KIND:\s+Pod/);
      expect(await kubectl('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
      expect(await kubectl('get', 'events')).toContain('Scheduled');
      await kubectl('create', 'configmap', 'settings', '--from-literal=a=1', '--from-literal=b=2');
      await kubectl('create', 'secret', 'generic', 'password', '--from-literal=p=opensesame');
      expect(await kubectl('get', 'configmap', 'settings', '-o', 'yaml')).toContain('a: "1"');
      await expect(kubectl('create', 'configmap', 'settings')).rejects.toThrow(
        /AlreadyExists|already exists/,
      );
      await expect(kubectl('get', 'pod', 'nobody')).rejects.toThrow(/pods "nobody" not found/);
      await expect(apply({ ...deployment('Bad_Name', 1) })).rejects.toThrow(/Invalid value: "Bad_Name"/);

      await kubectl('delete', 'deployment', 'web');
      await eventually('no pods are left', async () =>
        (await kubectl('get', 'pods', '-o', 'name')) === '' ? true : undefined,
      );
      await kubectl('delete', 'namespace', namespace, '--timeout=60s');
      await expect(kubectl('get', 'namespace', namespace)).rejects.toThrow(/not found/);
    });
  }
});
