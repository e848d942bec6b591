import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const NAME = '[sig-network] DNS should';

/** Resolves names from within a pod, by its own settings; `address` is the way that programs take. */
class Resolver {
  constructor(private readonly stage: Stage) {}

  async start(): Promise<void> {
    await this.stage.space.start(this.stage.pods.peer('resolver'));
  }

  async find(type: string, name: string): Promise<unknown> {
    const query = new URLSearchParams({ type, name });
    const path = this.stage.space.path('pods', 'resolver:8080', `proxy/resolve?${query}`);
    return JSON.parse(await this.stage.api.text(path));
  }

  /** Names follow their objects after a moment. */
  finds(type: string, name: string, expected: unknown): Promise<void> {
    return settled(async () => expect(await this.find(type, name)).toEqual(expected), 60);
  }

  async findsNothing(type: string, name: string): Promise<void> {
    await settled(() => expect(this.find(type, name)).rejects.toThrow(/ENOTFOUND|ENODATA/), 60);
  }
}

async function resolver(stage: Stage): Promise<Resolver> {
  const made = new Resolver(stage);
  await made.start();
  return made;
}

const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];

/** A headless service and one with an address, over the pods of `app: web`. */
async function twoServices({ space, pods }: Stage) {
  const selector = { app: 'web' };
  const [pod, headless, service] = await Promise.all([
    space.start(pods.server('web', { labels: selector })),
    space.create('services', {
      metadata: { name: 'headless' },
      spec: { selector, ports, clusterIP: 'None' },
    }),
    space.create('services', { metadata: { name: 'web' }, spec: { selector, ports } }),
  ]);
  return { podIp: pod.status?.podIP ?? '', clusterIp: service.spec?.clusterIP ?? '', headless };
}

/** Names that the cluster's DNS knows. */
export function dns(): void {
  conformance(`${NAME} provide DNS for the cluster [Conformance]`, async (stage) => {
    const names = await resolver(stage);
    const { spec } = await stage.api.json<{ spec: { clusterIP: string } }>(
      '/api/v1/namespaces/default/services/kubernetes',
    );
    await names.finds('A', 'kubernetes.default.svc.cluster.local', [spec.clusterIP]);
    await names.finds('address', 'kubernetes.default', [spec.clusterIP]);
  });

  conformance(
    `${NAME} provide /etc/hosts entries for the cluster [LinuxOnly] [Conformance]`,
    async (stage) => {
      const { space, pods } = stage;
      await space.create('services', {
        metadata: { name: 'group' },
        spec: { clusterIP: 'None', selector: { app: 'named' }, ports },
      });
      const made = pods.peer('named', {
        labels: { app: 'named' },
        spec: { hostname: 'me', subdomain: 'group' },
      });
      const { status } = await space.start(made);
      const full = `me.group.${space.name}.svc.cluster.local`;
      const hosts = await space.exec('named', 'cat /etc/hosts');
      for (const name of [full, 'me'])
        expect(hosts.split('\n').map((line) => line.split(/\s+/))).toContainEqual(
          expect.arrayContaining([status?.podIP, name]),
        );
    },
  );

  conformance(`${NAME} provide DNS for services [Conformance]`, async (stage) => {
    const [names, { podIp, clusterIp }] = await Promise.all([resolver(stage), twoServices(stage)]);
    const domain = `${stage.space.name}.svc.cluster.local`;
    await names.finds('A', `headless.${domain}`, [podIp]);
    await names.finds('A', `web.${domain}`, [clusterIp]);
    await names.finds('SRV', `_http._tcp.web.${domain}`, [
      expect.objectContaining({ name: `web.${domain}`, port: 80 }),
    ]);
    await names.finds('SRV', `_http._tcp.headless.${domain}`, [expect.objectContaining({ port: 8080 })]);
    await names.finds('PTR', clusterIp, [`web.${domain}`]);
  });

  conformance(
    `${NAME} resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]`,
    async (stage) => {
      const [names, { podIp, clusterIp }] = await Promise.all([resolver(stage), twoServices(stage)]);
      for (const suffix of ['', `.${stage.space.name}`, `.${stage.space.name}.svc`]) {
        await names.finds('address', `headless${suffix}`, [podIp]);
        await names.finds('address', `web${suffix}`, [clusterIp]);
      }
    },
  );

  conformance(`${NAME} provide DNS for pods for Hostname [LinuxOnly] [Conformance]`, podNames);
  conformance(`${NAME} provide DNS for pods for Subdomain [Conformance]`, podNames);

  conformance(`${NAME} provide DNS for ExternalName services [Conformance]`, async (stage) => {
    const { space } = stage;
    const names = await resolver(stage);
    await space.create('services', {
      metadata: { name: 'outside' },
      spec: { type: 'ExternalName', externalName: 'foo.example.com' },
    });
    const full = `outside.${space.name}.svc.cluster.local`;
    await names.finds('CNAME', full, ['foo.example.com']);
    await space.patch('services', 'outside', { spec: { externalName: 'bar.example.com' } });
    await names.finds('CNAME', full, ['bar.example.com']);
    const { spec } = await space.patch('services', 'outside', {
      spec: { type: 'ClusterIP', externalName: null, ports },
    });
    await names.finds('A', full, [spec?.clusterIP]);
  });

  conformance(`${NAME} support configurable pod DNS nameservers [Conformance]`, async ({ space, pods }) => {
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] };
    const { log } = await space.run(
      pods.once('configured', 'cat /etc/resolv.conf', { spec: { dnsPolicy: 'None', dnsConfig } }),
    );
    expect(log).toBe('search resolv.conf.local\nnameserver 1.1.1.1\n');
  });
}

/** A pod with a host name and a subdomain, behind the headless service of that name. */
async function podNames(stage: Stage): Promise<void> {
  const { space, pods } = stage;
  await space.create('services', {
    metadata: { name: 'group' },
    spec: { clusterIP: 'None', selector: { app: 'named' }, ports },
  });
  const labels = { app: 'named' };
  const spec = { hostname: 'me', subdomain: 'group' };
  const [names, pod] = await Promise.all([
    resolver(stage),
    space.start(pods.server('named', { labels, spec })),
  ]);
  const full = `me.group.${space.name}.svc.cluster.local`;
  await names.finds('A', full, [pod.status?.podIP]);
  await names.findsNothing('A', `other.group.${space.name}.svc.cluster.local`);
  expect(await space.exec('named', 'hostname')).toBe('me\n');
}
