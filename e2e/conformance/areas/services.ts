import { isDeepStrictEqual } from 'node:util';
import type { EndpointSubset, Service, ServiceSpec } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

const NAME = '[sig-network] Services should';
const selector = { app: 'web' };
const ports = [{ name: 'http', port: 80, targetPort: 8080 }];

const service = (name: string, spec: ServiceSpec): Service => ({ metadata: { name }, spec });

/** Pods behind whatever selects `app: web`, and one that asks. */
async function backends({ space, pods }: Stage, count = 2): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);
  await Promise.all([
    ...names.map((name) => space.start(pods.server(name, { labels: selector }))),
    space.start(pods.idle('client')),
  ]);
  return names;
}

interface Place {
  readonly host: string;
  readonly port: number | undefined;
  /** The pod that asks there. */
  readonly from?: string;
}

/** Who answers to several questions, asked one after the other by one exec. */
const answersOf = async ({ space }: Stage, at: Place, times: number, pause = 0): Promise<string[]> => {
  const ask = `timeout 5 wget -qO- http://${at.host}:${at.port}/cgi-bin/hostname || echo failed`;
  const script = `for i in $(seq ${times}); do ${ask}; sleep ${pause}; done`;
  return (await space.exec(at.from ?? 'client', script)).trim().split('\n');
};

/** Every backend answers sooner or later, and nobody else. */
const reaches = (stage: Stage, at: Place, names: readonly string[]) =>
  settled(async () => {
    const heard = await answersOf(stage, at, 8 * names.length);
    expect([...new Set(heard)].sort()).toEqual([...names].sort());
  }, 60);

const nodeAddress = async ({ wide }: Stage): Promise<string> => {
  const [node] = await wide.list('nodes');
  return node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
};

/** The node port of a service, reached over a node's address. */
const nodePortOf = async (stage: Stage, { spec }: Service): Promise<Place> => ({
  host: await nodeAddress(stage),
  port: spec?.ports?.[0]?.nodePort,
});

const clusterIpOf = ({ spec }: Service): Place => ({ host: spec?.clusterIP ?? '', port: 80 });

function types(): void {
  conformance(`${NAME} be able to change the type from ClusterIP to ExternalName [Conformance]`, (stage) =>
    toExternalName(stage, 'ClusterIP'),
  );
  conformance(`${NAME} be able to change the type from NodePort to ExternalName [Conformance]`, (stage) =>
    toExternalName(stage, 'NodePort'),
  );
  conformance(`${NAME} be able to change the type from ExternalName to ClusterIP [Conformance]`, (stage) =>
    fromExternalName(stage, 'ClusterIP'),
  );
  conformance(`${NAME} be able to change the type from ExternalName to NodePort [Conformance]`, (stage) =>
    fromExternalName(stage, 'NodePort'),
  );
  conformance(`${NAME} be able to create a functioning NodePort service [Conformance]`, async (stage) => {
    const names = await backends(stage);
    const onNode = { spec: { hostNetwork: true } };
    await stage.space.start(stage.pods.idle('node-client', onNode));
    const made = await stage.space.create('services', service('web', { type: 'NodePort', selector, ports }));
    const nodePort = await nodePortOf(stage, made);
    await reaches(stage, nodePort, names);
    await reaches(stage, { ...nodePort, from: 'node-client' }, names);
    await reaches(stage, clusterIpOf(made), names);
    await reaches(stage, { host: 'web', port: 80 }, names);
  });
}

async function toExternalName(stage: Stage, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const { space } = stage;
  await backends(stage, 1);
  await space.create('services', service('target', { selector, ports }));
  const made = await space.create('services', service('web', { type, selector, ports }));
  await reaches(stage, clusterIpOf(made), ['web-0']);
  const externalName = `target.${space.name}.svc.cluster.local`;
  const changed = await space.patch('services', 'web', {
    spec: { type: 'ExternalName', externalName },
  });
  expect(changed.spec?.clusterIP).toBeUndefined();
  expect(changed.spec?.ports?.[0]?.nodePort).toBeUndefined();
  // The name leads to the other service now.
  await settled(async () => {
    const found = await space.exec('client', `nslookup web.${space.name}.svc.cluster.local`);
    expect(found).toContain(externalName);
  }, 60);
  expect(await answersOf(stage, { host: 'web', port: 80 }, 1)).toEqual(['web-0']);
}

async function fromExternalName(stage: Stage, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const { space } = stage;
  const names = await backends(stage);
  await space.create('services', service('web', { type: 'ExternalName', externalName: 'example.com' }));
  const changed = await space.patch('services', 'web', {
    spec: { type, externalName: null, selector, ports },
  });
  await reaches(stage, clusterIpOf(changed), names);
  if (type === 'NodePort') await reaches(stage, await nodePortOf(stage, changed), names);
}

interface AffinityCase {
  readonly type: 'ClusterIP' | 'NodePort';
  readonly course: 'stays' | 'ends' | 'switched';
}

function affinities(): void {
  const NODE_PORT = 'NodePort service [LinuxOnly] [Conformance]';
  const CLUSTER_IP = 'service with type clusterIP [LinuxOnly] [Conformance]';
  conformances<AffinityCase>(
    {
      [`${NAME} have session affinity work for ${NODE_PORT}`]: { type: 'NodePort', course: 'stays' },
      [`${NAME} have session affinity work for ${CLUSTER_IP}`]: { type: 'ClusterIP', course: 'stays' },
      [`${NAME} have session affinity timeout work for ${NODE_PORT}`]: { type: 'NodePort', course: 'ends' },
      [`${NAME} have session affinity timeout work for ${CLUSTER_IP}`]: { type: 'ClusterIP', course: 'ends' },
      [`${NAME} be able to switch session affinity for ${NODE_PORT}`]: {
        type: 'NodePort',
        course: 'switched',
      },
      [`${NAME} be able to switch session affinity for ${CLUSTER_IP}`]: {
        type: 'ClusterIP',
        course: 'switched',
      },
    },
    async (stage, { type, course }) => {
      const names = await backends(stage, 3);
      const timeoutSeconds = course === 'ends' ? 2 : 10_800;
      const affinity = {
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds } },
      };
      const plain = service('web', { type, selector, ports });
      const made = await stage.space.create('services', plain);
      const at = type === 'NodePort' ? await nodePortOf(stage, made) : clusterIpOf(made);
      await reaches(stage, at, names);
      await stage.space.patch('services', 'web', { spec: affinity });
      const sticks = () =>
        settled(async () => expect(new Set(await answersOf(stage, at, 12)).size).toBe(1), 60);
      await sticks();
      if (course === 'ends') {
        // A client that was silent for longer than the time may get another backend.
        const heard = new Set<string>();
        for (let round = 0; round < 12 && heard.size < 2; round++)
          for (const name of await answersOf(stage, at, 1, timeoutSeconds + 1)) heard.add(name);
        expect(heard.size).toBe(2);
      }
      if (course === 'switched') {
        await stage.space.patch('services', 'web', {
          spec: { sessionAffinity: 'None', sessionAffinityConfig: null },
        });
        await reaches(stage, at, names);
        await stage.space.patch('services', 'web', { spec: affinity });
        await sticks();
      }
    },
  );
}

/** The ports that endpoints name, by pod. */
const addressed = (subsets: EndpointSubset[] = []): Record<string, number[]> =>
  Object.fromEntries(
    subsets.flatMap(({ addresses = [], ports: open = [] }) =>
      addresses.map(({ targetRef }) => [targetRef?.name, open.map(({ port }) => port).sort()]),
    ),
  );

function endpoints(): void {
  conformance(`${NAME} serve a basic endpoint from pods [Conformance]`, async (stage) => {
    const { space, pods } = stage;
    const made = await space.create('services', service('web', { selector, ports }));
    const has = (expected: Record<string, number[]>) =>
      space.until('endpoints', 'web', ({ subsets }) => isDeepStrictEqual(addressed(subsets), expected));
    await has({});
    await space.start(pods.idle('client'));
    await space.start(pods.server('web-0', { labels: selector }));
    await has({ 'web-0': [8080] });
    await reaches(stage, clusterIpOf(made), ['web-0']);
    await space.start(pods.server('web-1', { labels: selector }));
    await has({ 'web-0': [8080], 'web-1': [8080] });
    await reaches(stage, clusterIpOf(made), ['web-0', 'web-1']);
    await space.remove('pods', 'web-0');
    await has({ 'web-1': [8080] });
    await reaches(stage, clusterIpOf(made), ['web-1']);
    await space.remove('pods', 'web-1');
    await has({});
  });

  conformance(`${NAME} serve multiport endpoints from pods [Conformance]`, async (stage) => {
    const { space, pods } = stage;
    const made = await space.create(
      'services',
      service('web', {
        selector,
        ports: [
          { name: 'one', port: 80, targetPort: 'first' },
          { name: 'two', port: 81, targetPort: 'second' },
        ],
      }),
    );
    const only = (name: string, port: string, containerPort: number) =>
      space.start(
        pods.pod(name, `exec httpd -f -p ${containerPort} -h /www`, {
          labels: selector,
          container: {
            ports: [{ name: port, containerPort }],
            readinessProbe: { httpGet: { path: '/healthz', port: containerPort } },
          },
        }),
      );
    await Promise.all([
      space.start(pods.idle('client')),
      only('web-0', 'first', 8080),
      only('web-1', 'second', 8081),
    ]);
    await space.until('endpoints', 'web', ({ subsets }) => {
      const seen = addressed(subsets);
      return seen['web-0']?.[0] === 8080 && seen['web-1']?.[0] === 8081;
    });
    await reaches(stage, { ...clusterIpOf(made), port: 80 }, ['web-0']);
    await reaches(stage, { ...clusterIpOf(made), port: 81 }, ['web-1']);
  });

  conformance(`${NAME} test the lifecycle of an Endpoint [Conformance]`, async (stage) => {
    const { space, wide } = stage;
    const subset = (ip: string, port: number) => ({ addresses: [{ ip }], ports: [{ name: 'http', port }] });
    const labels = { endpoint: stage.unique };
    await space.create('endpoints', {
      metadata: { name: 'own', labels },
      subsets: [subset('10.0.0.24', 80)],
    });
    await space.change('endpoints', 'own', (object) => {
      object.subsets = [subset('10.0.0.24', 8080)];
    });
    await space.patch('endpoints', 'own', { subsets: [subset('10.0.0.25', 8080)] });
    const query = `?labelSelector=endpoint%3D${stage.unique}`;
    const [found] = await wide.list('endpoints', query);
    expect(found?.subsets).toEqual([
      {
        addresses: [{ ip: '10.0.0.25' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ]);
    await space.removeAll('endpoints', query);
    expect(await wide.list('endpoints', query)).toEqual([]);
  });

  conformance(`${NAME} find a service from listing all namespaces [Conformance]`, async (stage) => {
    const made = await stage.space.create('services', service('web', { selector, ports }));
    const all = await stage.wide.list('services');
    expect(all.map(({ metadata }) => metadata.uid)).toContain(made.metadata.uid);
  });

  conformance(`${NAME} provide secure master service [Conformance]`, async (stage) => {
    const { spec } = await stage.api.json<Service>('/api/v1/namespaces/default/services/kubernetes');
    expect(spec?.ports).toContainEqual(expect.objectContaining({ name: 'https', port: 443 }));
    const ask =
      "fetch('https://kubernetes.default.svc/readyz').then((answer) => answer.text()).then(console.log)";
    const { log } = await stage.space.run(
      stage.pods.once('client', `node -e "${ask}"`, {
        container: {
          image: stage.cluster.images.server,
          env: [
            { name: 'NODE_EXTRA_CA_CERTS', value: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt' },
          ],
        },
        spec: { automountServiceAccountToken: true },
      }),
    );
    expect(log).toBe('ok\n');
  });
}

/** Services and what is behind them, by real requests. */
export function services(): void {
  affinities();
  types();
  endpoints();
}
