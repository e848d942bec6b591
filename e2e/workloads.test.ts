import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment, helloContainer, service } from './support/manifests';
import { newNamespace } from './support/namespace';
import { keepAsking, type Load, whoAnswers } from './support/traffic';
import { eventually, removeDirectory, startWheelhouse, type Wheelhouse } from './support/wheelhouse';

/** Runs a script of the sample image's Node once. */
const script = (text: string) => ({
  name: 'main',
  image: 'wheelhouse/hello:1',
  command: ['node', '-e', text],
});

/** A deployment whose pods get the time that they ask for when they end. */
function patient(name: string, replicas: number, container: object = {}) {
  const made = deployment(name, replicas);
  const { spec } = made.spec.template;
  return {
    ...made,
    spec: {
      ...made.spec,
      template: {
        ...made.spec.template,
        spec: {
          ...spec,
          terminationGracePeriodSeconds: 15,
          containers: [{ ...helloContainer, ...container }],
        },
      },
    },
  };
}

/** Workloads as people run them: real containers, kubectl, and clients that must not notice anything. */
describe('workloads, on Docker', () => {
  let cluster: Wheelhouse;
  beforeAll(async () => {
    cluster = await startWheelhouse({ args: ['--nodes', '3', '--no-demo', '--runtime', 'docker'] });
  });
  afterAll(async () => {
    await cluster?.stop();
    await removeDirectory(cluster.dataDir);
  });

  // They share two cores with one another: a bound for what hangs, not for what is slow.
  describe.concurrent('side by side', { timeout: 600_000 }, () => {
    it('a rolling update under load loses no request, over new connections and over kept ones', async () => {
      const space = await newNamespace(cluster, 'under-load');
      // One drains by itself when it hears TERM; the other ends at once, and its hook waits for the proxies.
      const abrupt = {
        env: [...helloContainer.env, { name: 'DRAIN_MS', value: '0' }],
        lifecycle: { preStop: { sleep: { seconds: 3 } } },
      };
      const apps = ['drains', 'abrupt'];
      await space.apply(patient('drains', 3), service('drains'));
      await space.apply(patient('abrupt', 3, abrupt), service('abrupt'));
      const loads: Load[] = [];
      for (const app of apps) {
        await space.kubectl('rollout', 'status', `deployment/${app}`, '--timeout=180s');
        const url = await space.urlOf(app);
        // A server that ends at once closes kept connections in its client's face: that is not the cluster's doing.
        loads.push(keepAsking(url), keepAsking(url), keepAsking(url, { keepAlive: app === 'drains' }));
      }
      for (const app of apps) await space.kubectl('set', 'env', `deployment/${app}`, 'VERSION=2');
      for (const app of apps) await space.kubectl('rollout', 'status', `deployment/${app}`, '--timeout=120s');
      for (const app of apps) await space.kubectl('scale', `deployment/${app}`, '--replicas=1');
      await eventually('two pods are left', async () => {
        const { items } = await space.get('pods');
        return items.length === 2 ? true : undefined;
      });
      for (const load of loads) {
        const { answered, failures, pods } = await load.stop();
        expect(failures).toEqual([]);
        expect(answered).toBeGreaterThan(20);
        // Old and new pods have answered.
        expect(new Set([...pods].map((name) => name.split('-').at(-2))).size).toBe(2);
      }
    });

    it('kubectl rollout tells, goes back, holds and starts again', async () => {
      const space = await newNamespace(cluster, 'rollouts');
      const { kubectl } = space;
      const colour = () =>
        kubectl(
          'get',
          'deployment/web',
          '-o',
          'jsonpath={.spec.template.spec.containers[0].env[?(@.name=="COLOUR")].value}',
        );
      const settled = () => kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
      await space.apply(deployment('web', 2));
      expect(await settled()).toContain('deployment "web" successfully rolled out');
      for (const name of ['brass', 'copper']) {
        await kubectl('set', 'env', 'deployment/web', `COLOUR=${name}`);
        await kubectl('annotate', 'deployment/web', `kubernetes.io/change-cause=${name}`, '--overwrite');
        expect(await settled()).toContain('successfully rolled out');
      }
      const history = await kubectl('rollout', 'history', 'deployment/web');
      expect(history).toMatch(
        /^deployment.apps\/web\s+REVISION\s+CHANGE-CAUSE\n1\s+<none>\n2\s+brass\n3\s+copper\n/,
      );
      expect(await kubectl('rollout', 'history', 'deployment/web', '--revision=2')).toMatch(
        /with revision #2[\s\S]*COLOUR:\s+brass/,
      );

      expect(await kubectl('rollout', 'undo', 'deployment/web')).toContain('deployment.apps/web rolled back');
      await settled();
      expect(await colour()).toBe('brass');
      // What comes back moves to the end of the history, under a new number.
      expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/\n1\s.*\n3\s.*\n4\s+brass\n/);
      await kubectl('rollout', 'undo', 'deployment/web', '--to-revision=3');
      await settled();
      expect(await colour()).toBe('copper');

      await kubectl('rollout', 'pause', 'deployment/web');
      await kubectl('set', 'env', 'deployment/web', 'COLOUR=iron');
      await expect(kubectl('rollout', 'restart', 'deployment/web')).rejects.toThrow(/paused/);
      await eventually('the pause is seen', async () =>
        (await kubectl('describe', 'deployment/web')).match(/Progressing\s+Unknown\s+DeploymentPaused/)
          ? true
          : undefined,
      );
      expect((await space.get('replicasets')).items).toHaveLength(3);
      await kubectl('rollout', 'resume', 'deployment/web');
      await settled();
      const before = await kubectl('get', 'pods', '-o', 'name');
      expect(await kubectl('rollout', 'restart', 'deployment/web')).toContain(
        'deployment.apps/web restarted',
      );
      await settled();
      const described = await kubectl('describe', 'deployment/web');
      expect(described).toMatch(/kubectl.kubernetes.io\/restartedAt: \d{4}-/);
      expect(described).toMatch(
        /Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
      );
      expect(described).toMatch(/StrategyType:\s+RollingUpdate/);
      expect(described).toMatch(/RollingUpdateStrategy:\s+25% max unavailable, 25% max surge/);
      expect(described).toMatch(/Available\s+True\s+MinimumReplicasAvailable/);
      expect(described).toMatch(/Progressing\s+True\s+NewReplicaSetAvailable/);
      expect(described).toMatch(/NewReplicaSet:\s+web-\w+ \(2\/2 replicas created\)/);
      expect(described).toMatch(
        /Normal\s+ScalingReplicaSet\s+.*deployment-controller\s+Scaled up replica set web-\w+ from 0 to 1/,
      );
      await eventually('the pods from before are gone', async () => {
        const now = (await kubectl('get', 'pods', '-o', 'name')).split('\n').filter(Boolean);
        return now.length === 2 && !now.some((name) => before.includes(name)) ? true : undefined;
      });
      const set = await kubectl('describe', 'replicaset', '-l', 'app=web');
      expect(set).toMatch(/Controlled By:\s+Deployment\/web/);
      expect(set).toMatch(/Replicas:\s+2 current \/ 2 desired/);
      expect(set).toMatch(/Pods Status:\s+2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
      expect(set).toMatch(/SuccessfulCreate\s+.*replicaset-controller\s+Created pod: web-/);
    });

    it('daemon sets and stateful sets go back to a former revision', async () => {
      const space = await newNamespace(cluster, 'revisions');
      const { kubectl } = space;
      const { spec } = deployment('web', 1);
      const { selector, template } = spec;
      await space.apply(
        // One node is enough here.
        {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          metadata: { name: 'web' },
          spec: {
            selector,
            template: {
              ...template,
              spec: { ...template.spec, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } },
            },
          },
        },
        {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'db' },
          spec: {
            serviceName: 'db',
            selector: { matchLabels: { app: 'db' } },
            template: { ...template, metadata: { labels: { app: 'db' } } },
          },
        },
      );
      const goBack = async (workload: string, kind: string) => {
        const settled = () => kubectl('rollout', 'status', workload, '--timeout=180s');
        await settled();
        await kubectl('set', 'env', workload, 'COLOUR=brass');
        await settled();
        expect(await kubectl('rollout', 'history', workload)).toMatch(/\n1\s+<none>\n2\s+<none>\n/);
        expect(await kubectl('rollout', 'undo', workload)).toContain(
          `${kind}.apps/${workload.split('/')[1]} rolled back`,
        );
        await settled();
        // The revision that came back is the newest now.
        expect(await kubectl('rollout', 'history', workload)).toMatch(
          /CHANGE-CAUSE\n2\s+<none>\n3\s+<none>\n/,
        );
        expect(await kubectl('get', workload, '-o', 'yaml')).not.toContain('COLOUR');
      };
      await Promise.all([goBack('daemonset/web', 'daemonset'), goBack('statefulset/db', 'statefulset')]);
      expect(await kubectl('describe', 'statefulset', 'db')).toMatch(
        /SuccessfulCreate\s+.*statefulset-controller\s+create Pod db-0 in StatefulSet db successful/,
      );
    });

    it('a service without a selector is served by the endpoints that somebody writes', async () => {
      const space = await newNamespace(cluster, 'endpoints');
      const { kubectl } = space;
      const { spec } = service('outside');
      await space.apply(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'target' },
          spec: { containers: [helloContainer] },
        },
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'outside' },
          spec: { ports: spec.ports },
        },
      );
      await kubectl('wait', '--for=condition=Ready', 'pod/target', '--timeout=60s');
      const { status } = await space.get('pod', 'target');
      await space.apply({
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'outside' },
        subsets: [{ addresses: [{ ip: status.podIP }], ports: [{ name: 'http', port: 8080 }] }],
      });
      const url = await space.urlOf('outside');
      expect(await eventually('it answers', () => whoAnswers(url))).toBe('target');
      expect(await kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=outside')).toMatch(
        new RegExp(`outside-\\w+\\s+IPv4\\s+8080\\s+${status.podIP}`),
      );
      await kubectl('delete', 'endpoints', 'outside');
      await eventually('its slices are gone', async () =>
        (await kubectl('get', 'endpointslices', '-o', 'name')) === '' ? true : undefined,
      );
    });

    it('an autoscaler follows a real CPU load up and down again', async () => {
      const space = await newNamespace(cluster, 'autoscaling');
      const { kubectl } = space;
      const resources = { requests: { cpu: '20m', memory: '32Mi' } };
      await space.apply(patient('busy', 1, { resources }), service('busy'));
      await kubectl('rollout', 'status', 'deployment/busy', '--timeout=180s');
      expect(
        await kubectl('autoscale', 'deployment/busy', '--min=1', '--max=3', '--cpu-percent=50'),
      ).toContain('horizontalpodautoscaler.autoscaling/busy autoscaled');
      const behavior = {
        scaleDown: { stabilizationWindowSeconds: 0 },
        scaleUp: { stabilizationWindowSeconds: 0 },
      };
      await kubectl('patch', 'hpa', 'busy', '-p', JSON.stringify({ spec: { behavior } }));
      const sizes = async () =>
        Number(await kubectl('get', 'deployment/busy', '-o', 'jsonpath={.spec.replicas}'));
      const loads = [1, 2, 3, 4].map(() => space.urlOf('busy').then((url) => keepAsking(url)));
      await eventually('it has grown', async () => ((await sizes()) === 3 ? true : undefined), 150);
      const loaded = await kubectl('describe', 'hpa', 'busy');
      expect(loaded).toMatch(
        /resource cpu on pods\s+\(as a percentage of request\):\s+\d+% \(\d+m?\) \/ 50%/,
      );
      expect(loaded).toMatch(/Min replicas:\s+1\nMax replicas:\s+3/);
      expect(loaded).toMatch(/AbleToScale\s+True/);
      expect(loaded).toMatch(/ScalingActive\s+True\s+ValidMetricFound/);
      expect(loaded).toMatch(
        /Normal\s+SuccessfulRescale\s+.*New size: \d; reason: cpu resource utilization \(percentage of request\) above target/,
      );
      for (const load of await Promise.all(loads)) expect((await load.stop()).failures).toEqual([]);
      await eventually('it has shrunk', async () => ((await sizes()) === 1 ? true : undefined), 150);
      expect(await kubectl('describe', 'hpa', 'busy')).toMatch(
        /New size: 1; reason: All metrics below target/,
      );
      // The count of what runs follows with the next look at it.
      await eventually('the list says so', async () =>
        /busy\s+Deployment\/busy\s+cpu: \d+%\/50%\s+1\s+3\s+1/.test(await kubectl('get', 'hpa', 'busy'))
          ? true
          : undefined,
      );
    });

    it('a cron job fires, and its job can be started by hand', async () => {
      const space = await newNamespace(cluster, 'cron');
      const { kubectl } = space;
      const template = { spec: { restartPolicy: 'Never', containers: [script('console.log("done")')] } };
      await space.apply({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'tick' },
        spec: { schedule: '* * * * *', timeZone: 'Europe/Berlin', jobTemplate: { spec: { template } } },
      });
      expect(await kubectl('create', 'job', '--from=cronjob/tick', 'by-hand')).toContain(
        'job.batch/by-hand created',
      );
      await kubectl('wait', '--for=condition=Complete', 'job/by-hand', '--timeout=60s');
      expect(await kubectl('logs', 'job/by-hand')).toBe('done\n');
      const { metadata } = await space.get('job', 'by-hand');
      expect(metadata).toMatchObject({ annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' } });
      const fired = await eventually(
        'the minute has come',
        async () => {
          const { items } = await space.get('jobs');
          return items.find(({ metadata: { name } }) => name.startsWith('tick-'))?.metadata.name;
        },
        90,
      );
      await kubectl('wait', '--for=condition=Complete', `job/${fired}`, '--timeout=60s');
      expect(await kubectl('get', 'cronjob', 'tick')).toMatch(
        /tick\s+\* \* \* \* \*\s+Europe\/Berlin\s+False\s+\d+\s+\d+s/,
      );
      const described = await kubectl('describe', 'cronjob', 'tick');
      expect(described).toMatch(/Concurrency Policy:\s+Allow/);
      expect(described).toMatch(/Last Schedule Time:\s+\w+, \d+ \w+ \d{4}/);
      expect(described).toMatch(
        new RegExp(`SuccessfulCreate\\s+.*cronjob-controller\\s+Created job ${fired}`),
      );
    });

    it('an indexed job does each index once, retries what failed, and its failure policy decides', async () => {
      const space = await newNamespace(cluster, 'jobs');
      const { kubectl } = space;
      const job = (name: string, spec: object, text: string) => ({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: { ...spec, template: { spec: { restartPolicy: 'Never', containers: [script(text)] } } },
      });
      const index = 'process.env.JOB_COMPLETION_INDEX';
      const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
      const ignore = { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } };
      const fail = { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } };
      await space.apply(
        job('all', indexed, `console.log("index " + ${index} + " on " + require("os").hostname())`),
        // One index always fails; the others are done all the same.
        job('some', { ...indexed, backoffLimitPerIndex: 1 }, `process.exit(${index} === "1" ? 3 : 0)`),
        job('policy', { backoffLimit: 6, podFailurePolicy: { rules: [ignore, fail] } }, 'process.exit(42)'),
      );
      await kubectl('wait', '--for=condition=Complete', 'job/all', '--timeout=180s');
      const all = await kubectl('describe', 'job', 'all');
      expect(all).toMatch(/Completion Mode:\s+Indexed/);
      expect(all).toMatch(/Pods Statuses:\s+0 Active \(0 Ready\) \/ 3 Succeeded \/ 0 Failed/);
      expect(all).toMatch(/Completed Indexes:\s+0-2/);
      expect(all).toMatch(/SuccessfulCreate\s+.*job-controller\s+Created pod: all-[012]-/);
      expect(all).toMatch(/Completed\s+.*job-controller\s+Job completed/);
      for (const number of ['0', '1', '2']) {
        const selector = `batch.kubernetes.io/job-completion-index=${number}`;
        expect(await kubectl('logs', '-l', `job-name=all,${selector}`)).toBe(
          `index ${number} on all-${number}\n`,
        );
      }
      await kubectl('wait', '--for=condition=Failed', 'job/policy', '--timeout=60s');
      const policy = await space.get('job', 'policy');
      expect(policy.status).toMatchObject({ failed: 1 });
      expect(JSON.stringify(policy.status.conditions)).toContain('PodFailurePolicy');
      expect(await kubectl('describe', 'job', 'policy')).toMatch(
        /Warning\s+PodFailurePolicy\s+.*Container main for pod jobs\/policy-\w+ failed with exit code 42 matching FailJob rule at index 1/,
      );
      await kubectl('wait', '--for=condition=Failed', 'job/some', '--timeout=180s');
      const some = await space.get('job', 'some');
      expect(some.status).toMatchObject({
        succeeded: 2,
        failed: 2,
        completedIndexes: '0,2',
        failedIndexes: '1',
      });
      expect(await kubectl('get', 'jobs')).toMatch(/all\s+Complete\s+3\/3[\s\S]*some\s+Failed\s+2\/3/);
    });
  });
});
