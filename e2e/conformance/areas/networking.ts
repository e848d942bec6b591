import type { Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

const NAME = '[sig-network] Networking Granular Checks: Pods should function for';

interface WayCase {
  readonly from: 'pod' | 'node';
  readonly protocol: 'http' | 'udp';
}

const nodeNames = async ({ wide }: Stage) => (await wide.list('nodes')).map(({ metadata }) => metadata.name);

/** A pod on every node that says its name over HTTP and UDP. */
const peers = async ({ space, pods }: Stage, names: string[]) =>
  Promise.all(
    names.map((nodeName, index) => space.start(pods.peer(`peer-${index}`, { spec: { nodeName } }))),
  );

/** What a pod, by name and port, hears from another one. */
function ask({ api, space }: Stage, asking: string, target: { pod: Pod; protocol: string }): Promise<string> {
  const { pod, protocol } = target;
  const query = new URLSearchParams({
    host: pod.status?.podIP ?? '',
    port: '8080',
    protocol,
    word: 'hostname',
  });
  return api.text(space.path('pods', asking, `proxy/ask?${query}`));
}

function ways(): void {
  conformances<WayCase>(
    {
      [`${NAME} intra-pod communication: http [NodeConformance] [Conformance]`]: {
        from: 'pod',
        protocol: 'http',
      },
      [`${NAME} intra-pod communication: udp [NodeConformance] [Conformance]`]: {
        from: 'pod',
        protocol: 'udp',
      },
      [`${NAME} node-pod communication: http [LinuxOnly] [NodeConformance] [Conformance]`]: {
        from: 'node',
        protocol: 'http',
      },
      [`${NAME} node-pod communication: udp [LinuxOnly] [NodeConformance] [Conformance]`]: {
        from: 'node',
        protocol: 'udp',
      },
    },
    async (stage, { from, protocol }) => {
      const { space, pods } = stage;
      const names = await nodeNames(stage);
      const targets = await peers(stage, names);
      let asking = targets.map(({ metadata }) => `${metadata.name}:8080`);
      if (from === 'node') {
        // A port of its own: the host's network is shared by every test.
        const port = 20_000 + Math.floor(Math.random() * 5_000);
        const host = pods.peer('host', {
          container: {
            env: [{ name: 'PORT', value: String(port) }],
            readinessProbe: { httpGet: { path: '/healthz', port } },
          },
          spec: { hostNetwork: true },
        });
        await space.start(host);
        asking = [`host:${port}`];
      }
      for (const one of asking)
        for (const pod of targets)
          await settled(async () => expect(await ask(stage, one, { pod, protocol })).toBe(pod.metadata.name));
    },
  );
}

async function proxied({ api, space, pods }: Stage): Promise<void> {
  const labels = { app: 'web' };
  await space.create('services', {
    metadata: { name: 'web' },
    spec: {
      selector: labels,
      ports: [
        { name: 'portname1', port: 80, targetPort: 'dest1' },
        { name: 'portname2', port: 81, targetPort: 8080 },
      ],
    },
  });
  await space.start(
    pods.peer('web', { labels, container: { ports: [{ name: 'dest1', containerPort: 8080 }] } }),
  );
  const targets = [
    ['pods', 'web'],
    ['pods', 'web:8080'],
    ['pods', 'http:web:8080'],
    ['services', 'web:portname1'],
    ['services', 'web:portname2'],
    ['services', 'web:80'],
    ['services', 'http:web:portname1'],
    ['services', 'http:web:81'],
  ] as const;
  for (const [resource, name] of targets) {
    const path = space.path(resource, name, 'proxy');
    await settled(async () => expect(await api.text(`${path}/hostname`)).toBe('web'));
    const seen = await api.json<{ method: string; url: string; body: string }>(`${path}/a/b?x=1`, {
      method: 'POST',
      body: 'content',
    });
    expect(seen).toMatchObject({ method: 'POST', url: '/a/b?x=1', body: 'content' });
  }
  expect((await api.send(`${space.path('pods', 'web', 'proxy')}/x?code=404`)).status).toBe(404);
}

/** How long after a service its endpoints are there. */
async function latency({ space, pods }: Stage): Promise<void> {
  await space.start(pods.server('web', { labels: { app: 'web' } }));
  const one = async (index: number) => {
    const name = `service-${index}`;
    const since = performance.now();
    await space.create('services', {
      metadata: { name },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await space.until('endpoints', name, ({ subsets }) =>
      subsets?.some(({ addresses }) => addresses?.length),
    );
    return performance.now() - since;
  };
  const took: number[] = [];
  for (let round = 0; round < 5; round++)
    took.push(...(await Promise.all(Array.from({ length: 10 }, (_, index) => one(round * 10 + index)))));
  took.sort((a, b) => a - b);
  // Kubernetes' own bounds.
  expect(took[Math.floor(took.length / 2)]).toBeLessThan(20_000);
  expect(took[Math.floor(took.length * 0.99)]).toBeLessThan(50_000);
}

/** Traffic between pods, nodes and the API. */
export function networking(): void {
  ways();
  conformance(
    '[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]',
    proxied,
  );
  conformance('[sig-network] Service endpoints latency should not be very high [Conformance]', latency);
}
