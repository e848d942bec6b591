import { randomBytes } from 'node:crypto';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';
import { expect } from 'vitest';
import type { Kinds, Resource, Stored } from '../support/resources';
import type { Space } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

interface Operations<R extends Resource> {
  readonly resource: R;
  /** An object of the name with the labels. */
  make(stage: Stage, metadata: ObjectMeta): Kinds[R];
  /** Further subresources that are written and read. */
  rest?(stage: Stage, space: Space, name: string): Promise<void>;
}

type Any = { [R in Resource]: Operations<R> }[Resource];

/** Each operation of the API on one kind: create, get, list, watch, patch, update, delete, delete all. */
async function operations<R extends Resource>(
  stage: Stage,
  space: Space,
  given: Operations<R>,
): Promise<void> {
  const { api, unique } = stage;
  const { resource } = given;
  const labels = { operations: unique };
  const query = `?labelSelector=operations%3D${unique}`;
  const names = ['one', 'two', 'three'].map((name) => `${unique}-${name}`);
  const [name = ''] = names;
  const created: Stored<Kinds[R]>[] = [];
  for (const each of names)
    created.push(await space.create(resource, given.make(stage, { name: each, labels })));
  const since = created.at(-1)?.metadata.resourceVersion;
  const read = await space.get(resource, name);
  expect(read.metadata).toMatchObject({ uid: created[0]?.metadata.uid, labels });
  const listed = await space.list(resource, query);
  expect(listed.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());

  const patched = await space.patch(resource, name, { metadata: { annotations: { patched: 'true' } } });
  expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
  const updated = await space.change(resource, name, (object) => {
    object.metadata.annotations = { ...object.metadata.annotations, updated: 'true' };
  });
  expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
  await given.rest?.(stage, space, name);
  await space.remove(resource, name);
  expect((await api.send(space.path(resource, name))).status).toBe(404);
  await space.removeAll(resource, query);
  expect(await space.list(resource, query)).toEqual([]);

  const left = new Set(names);
  const notes: string[] = [];
  const path = `${space.path(resource)}${query}&resourceVersion=${since}`;
  for await (const { type, object } of api.watch<Stored<Kinds[R]>>(path)) {
    const { annotations } = object.metadata;
    notes.push(annotations?.updated ? `${type} updated` : annotations?.patched ? `${type} patched` : type);
    if (type === 'DELETED') left.delete(object.metadata.name);
    if (left.size === 0) break;
  }
  expect(notes.slice(0, 2)).toEqual(['MODIFIED patched', 'MODIFIED updated']);
  expect(notes.filter((note) => note.startsWith('DELETED'))).toHaveLength(3);
}

const backend = { service: { name: 'web', port: { number: 80 } } };

/** A status written by its subresource, which leaves the rest alone. */
const writesStatus =
  <R extends Resource>(resource: R, status: unknown) =>
  async (_: Stage, space: Space, name: string): Promise<void> => {
    const written = await space.patch(resource, name, { status }, { sub: 'status' });
    expect(written).toMatchObject({ status });
    expect(await space.get(resource, name, 'status')).toMatchObject({ status });
  };

async function approve({ api }: Stage, space: Space, name: string): Promise<void> {
  const resource = 'certificatesigningrequests';
  const path = space.path(resource, name, 'approval');
  const condition = { type: 'Approved', status: 'True', reason: 'Tested', message: 'by the suite' };
  const request = await space.get(resource, name);
  const approved = await api.json<typeof request>(path, {
    method: 'PUT',
    body: { ...request, status: { ...request.status, conditions: [condition] } },
  });
  expect(approved.status?.conditions).toMatchObject([condition]);
  expect((await space.get(resource, name, 'approval')).status?.conditions).toMatchObject([condition]);
  const other = { ...condition, type: 'StatusUpdate' };
  const written = await space.patch(
    resource,
    name,
    { status: { conditions: [condition, other] } },
    { sub: 'status' },
  );
  expect(written.status?.conditions).toMatchObject([condition, other]);
}

// Made beforehand: what it asks for does not matter to the operations.
const certificateRequest = `-----BEGIN CERTIFICATE REQUEST-----
MIHPMHgCAQAwFjEUMBIGA1UEAwwLY29uZm9ybWFuY2UwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAT3CuEhe16vPMGMsC3W7jINo18rZlYpwbcTMKUmnHbne8XIqI4r
gr7llkczFLz1yKHc+Iejndtlgv8i0A92efZUoAAwCgYIKoZIzj0EAwIDRwAwRAIg
XZwgM4CqjlB8zGWngvpgPbXPsVmolmX262W9Fe0t/l8CICP0JcqmTtqvRsc3i7tK
LC3ulgrNtP6JR/s0rcIPOu02
-----END CERTIFICATE REQUEST-----
`;

const cases: Record<string, Any> = {
  '[sig-network] Ingress API should support creating Ingress API operations [Conformance]': {
    resource: 'ingresses',
    make: (_, metadata) => ({
      metadata,
      spec: {
        defaultBackend: backend,
        rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
      },
    }),
    rest: writesStatus('ingresses', { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } }),
  },
  '[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]': {
    resource: 'ingressclasses',
    make: (_, metadata) => ({ metadata, spec: { controller: 'example.com/controller' } }),
  },
  '[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]': {
    resource: 'runtimeclasses',
    make: (_, metadata) => ({ metadata, handler: 'example' }),
  },
  '[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]': {
    resource: 'certificatesigningrequests',
    make: (_, metadata) => ({
      metadata,
      spec: {
        request: Buffer.from(certificateRequest).toString('base64'),
        signerName: 'example.com/tests',
        usages: ['client auth'],
      },
    }),
    rest: approve,
  },
};

const clusterWide: Resource[] = ['ingressclasses', 'runtimeclasses', 'certificatesigningrequests'];

function templates(): void {
  const template = ({ pods }: Stage, name: string, labels: Record<string, string>) => ({
    metadata: { name, labels },
    template: { metadata: { labels }, spec: pods.idle(name).spec },
  });

  conformance(
    '[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]',
    async (stage) => {
      const { space, wide } = stage;
      const labels = { templates: stage.unique };
      await space.create('podtemplates', template(stage, 'one', labels));
      await space.patch('podtemplates', 'one', { metadata: { labels: { patched: 'true' } } });
      expect((await space.get('podtemplates', 'one')).metadata.labels).toEqual({
        ...labels,
        patched: 'true',
      });
      await space.remove('podtemplates', 'one');
      expect(await wide.list('podtemplates', `?labelSelector=templates%3D${stage.unique}`)).toEqual([]);
    },
  );

  conformance(
    '[sig-node] PodTemplates should delete a collection of pod templates [Conformance]',
    async (stage) => {
      const { space } = stage;
      for (const name of ['one', 'two', 'three'])
        await space.create('podtemplates', template(stage, name, { set: 'true' }));
      await space.create('podtemplates', template(stage, 'other', {}));
      await space.removeAll('podtemplates', '?labelSelector=set%3Dtrue');
      expect((await space.list('podtemplates')).map(({ metadata }) => metadata.name)).toEqual(['other']);
    },
  );
}

function events(): void {
  const event = ({ space }: Stage, name: string) => ({
    metadata: { name, labels: { set: 'true' } },
    eventTime: '2026-01-02T03:04:05.123456Z',
    reportingController: 'example.com/tests',
    reportingInstance: 'one',
    action: 'Do',
    reason: 'Test',
    type: 'Normal',
    note: 'a note',
    regarding: { kind: 'Namespace', namespace: space.name, name: space.name },
  });

  conformance(
    '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]',
    async (stage) => {
      const { space, wide, api } = stage;
      const resource = 'events.events.k8s.io';
      const made = await space.create(resource, event(stage, 'one'));
      const query = `?fieldSelector=reportingController%3Dexample.com/tests,metadata.name%3Done`;
      for (const where of [space, wide])
        expect((await where.list(resource, query)).map(({ metadata }) => metadata.uid)).toContain(
          made.metadata.uid,
        );
      const series = { count: 2, lastObservedTime: '2026-01-02T03:05:05.654321Z' };
      await space.patch(resource, 'one', { series });
      expect(await space.get(resource, 'one')).toMatchObject({
        series,
        eventTime: made.eventTime,
        note: 'a note',
      });
      const updated = await space.change(resource, 'one', (object) => {
        object.series = { ...series, count: 100 };
      });
      expect(updated.series?.count).toBe(100);
      // The older group shows the same object.
      expect(await space.get('events', 'one')).toMatchObject({
        message: 'a note',
        involvedObject: { name: space.name },
      });
      await space.remove(resource, 'one');
      expect((await api.send(space.path(resource, 'one'))).status).toBe(404);
    },
  );

  conformance(
    '[sig-instrumentation] Events API should delete a collection of events [Conformance]',
    async (stage) => {
      const { space } = stage;
      const resource = 'events.events.k8s.io';
      for (const name of ['one', 'two', 'three']) await space.create(resource, event(stage, name));
      expect(await space.list(resource, '?labelSelector=set%3Dtrue')).toHaveLength(3);
      await space.removeAll(resource, '?labelSelector=set%3Dtrue');
      expect(await space.list(resource, '?labelSelector=set%3Dtrue')).toEqual([]);
    },
  );
}

async function leases({ space }: Stage): Promise<void> {
  const time = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, '0')}.123456Z`;
  const spec = {
    holderIdentity: 'holder',
    leaseDurationSeconds: 30,
    acquireTime: time(1),
    renewTime: time(2),
    leaseTransitions: 0,
  };
  const labels = { set: randomBytes(4).toString('hex') };
  const made = await space.create('leases', { metadata: { name: 'lease', labels }, spec });
  expect(made.spec).toEqual(spec);
  const next = { ...spec, holderIdentity: 'other', renewTime: time(5), leaseTransitions: 1 };
  await space.change('leases', 'lease', (lease) => {
    lease.spec = next;
  });
  expect((await space.get('leases', 'lease')).spec).toEqual(next);
  await space.patch('leases', 'lease', { spec: { leaseDurationSeconds: 60 } });
  expect((await space.list('leases'))[0]?.spec).toEqual({ ...next, leaseDurationSeconds: 60 });
  await space.create('leases', { metadata: { name: 'second', labels }, spec });
  await space.removeAll('leases', `?labelSelector=set%3D${labels.set}`);
  expect(await space.list('leases')).toEqual([]);
}

/** Kinds that only have to be kept well. */
export function apiOperations(): void {
  conformances(cases, (stage, given) => {
    const space = clusterWide.includes(given.resource) ? stage.wide : stage.space;
    return operations(stage, space, given as Operations<Resource>);
  });
  templates();
  events();
  conformance('[k8s.io] Lease lease API should be available [Conformance]', leases);
}
