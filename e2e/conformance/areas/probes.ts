import type { Container, Pod, Probe } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

const restarts = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount ?? 0;
/** Patient, so that a busy machine is not taken for a sick program. */
const every: Probe = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20 };

interface ProbeCase {
  readonly script: string;
  readonly probe: Partial<Probe>;
  readonly image?: 'server';
}

/** Probes that leave a mark on each visit, so that nobody waits in vain for the many that change nothing. */
const healthy: Record<'exec' | 'http' | 'tcp', ProbeCase> = {
  exec: {
    script: 'echo ok > /tmp/health; : > /tmp/visits; exec sleep 1000000',
    probe: { exec: { command: ['sh', '-c', 'echo visit >> /tmp/visits; cat /tmp/health'] } },
  },
  http: {
    script: 'exec httpd -f -vv -p 8080 -h /www 2> /tmp/visits',
    probe: { httpGet: { path: '/healthz', port: 8080 } },
  },
  tcp: {
    script:
      'printf "#!/bin/sh\\necho visit >> /tmp/visits\\n" > /tmp/mark; chmod +x /tmp/mark; exec nc -ll -p 8080 -e /tmp/mark',
    probe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 2 },
  },
};

const failing: Record<'exec' | 'http', ProbeCase> = {
  exec: {
    script: 'echo ok > /tmp/health; sleep 3; rm /tmp/health; exec sleep 1000000',
    probe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 1 },
  },
  http: {
    script:
      'mkdir /tmp/www; echo ok > /tmp/www/healthz; httpd -p 8080 -h /tmp/www; sleep 3; rm /tmp/www/healthz; exec sleep 1000000',
    probe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 1 },
  },
};

const start = ({ space, pods }: Stage, script: string, container: Partial<Container>) =>
  space.create('pods', pods.pod('probed', script, { container }));

/** How often the probe of the pod has come by. */
const visits = async ({ space }: Stage) =>
  (await space.exec('probed', 'cat /tmp/visits')).trim().split('\n').filter(Boolean).length;

const NAME = '[k8s.io] Probing container';

/** Liveness and readiness probes. */
export function probes(): void {
  conformance(
    `${NAME} should have monotonically increasing restart count [NodeConformance] [Conformance]`,
    async (stage) => {
      await start(stage, 'exec sleep 1000000', { livenessProbe: { ...every, exec: { command: ['false'] } } });
      let last = 0;
      await stage.space.until(
        'pods',
        'probed',
        (pod) => {
          expect(restarts(pod)).toBeGreaterThanOrEqual(last);
          last = restarts(pod);
          return last >= 3;
        },
        100,
      );
    },
  );

  conformances<ProbeCase>(
    {
      [`${NAME} should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]`]:
        failing.exec,
      [`${NAME} should be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]`]:
        failing.http,
    },
    async (stage, { script, probe }) => {
      await start(stage, script, { livenessProbe: { ...every, ...probe } });
      const { status } = await stage.space.until('pods', 'probed', (pod) => restarts(pod) === 1);
      expect(status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137 });
    },
  );

  conformances<ProbeCase>(
    {
      [`${NAME} should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]`]:
        healthy.exec,
      [`${NAME} should *not* be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]`]:
        healthy.http,
      [`${NAME} should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] [Conformance]`]:
        healthy.tcp,
    },
    async (stage, { script, probe }) => {
      await start(stage, script, { livenessProbe: { ...every, initialDelaySeconds: 1, ...probe } });
      await settled(async () => expect(await visits(stage)).toBeGreaterThan(5), 60);
      expect(restarts(await stage.space.get('pods', 'probed'))).toBe(0);
    },
  );

  conformance(
    `${NAME} with readiness probe should not be ready before initial delay and never restart [NodeConformance] [Conformance]`,
    async (stage) => {
      const initialDelaySeconds = 4;
      const readinessProbe = { ...every, ...healthy.exec.probe, initialDelaySeconds };
      const { metadata } = await start(stage, healthy.exec.script, { readinessProbe });
      const ready = await stage.space.until('pods', metadata.name, ({ status }) =>
        status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
      );
      const since = ready.status?.containerStatuses?.[0]?.state?.running?.startedAt;
      const at = ready.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
      // Both times are cut to seconds, which keeps a whole number of seconds between them.
      expect(Date.parse(at ?? '') - Date.parse(since ?? '')).toBeGreaterThanOrEqual(
        initialDelaySeconds * 1000,
      );
      expect(restarts(ready)).toBe(0);
    },
  );

  conformance(
    `${NAME} with readiness probe that fails should never be ready and never restart [NodeConformance] [Conformance]`,
    async (stage) => {
      const command = ['sh', '-c', 'echo visit >> /tmp/visits; false'];
      await start(stage, ': > /tmp/visits; exec sleep 1000000', {
        readinessProbe: { ...every, exec: { command } },
      });
      await stage.space.until('pods', 'probed', ({ status }) => status?.phase === 'Running');
      await settled(async () => expect(await visits(stage)).toBeGreaterThan(5), 60);
      const { status } = await stage.space.get('pods', 'probed');
      expect(status?.containerStatuses?.[0]).toMatchObject({ ready: false, restartCount: 0 });
    },
  );
}
