import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitRanger } from '../admission/limit-ranger';
import { priority } from '../admission/priority';
import { startTester, type Tester } from './testing/tester';

const MAPS = '/api/v1/namespaces/default/configmaps';
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

let tester: Tester;

beforeAll(async () => {
  tester = await startTester();
});
afterAll(() => tester.stop());

const send = (method: string, path: string, body?: unknown, type = 'application/json') =>
  tester.send(method, path, body, { type });

const map = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

interface OwnerEntry {
  manager: string;
  operation: string;
  subresource?: string;
  time: string;
  fieldsV1: object;
}

const owners = (object: { metadata: { managedFields?: OwnerEntry[] } }) =>
  (object.metadata.managedFields ?? []).map(
    ({ manager, operation, subresource }) => `${manager} ${operation}${subresource ? ` ${subresource}` : ''}`,
  );

describe('owners of fields', () => {
  it('are named after the client, and a change that changes nothing leaves them and the revision alone', async () => {
    const made = await send('POST', MAPS, map('own', { a: '1' }));
    expect(owners(made.json)).toEqual(['tester Update']);
    const same = await send('PATCH', `${MAPS}/own?fieldManager=other`, { data: { a: '1' } }, MERGE);
    expect(same.json).toEqual(made.json);
    const changed = await send('PATCH', `${MAPS}/own?fieldManager=other`, { data: { a: '2' } }, MERGE);
    expect(owners(changed.json).sort()).toEqual(['other Update', 'tester Update']);
    expect(changed.json.metadata.managedFields[1].fieldsV1['f:data']).not.toEqual(
      changed.json.metadata.managedFields[0].fieldsV1['f:data'],
    );
  });

  it('are forgotten with one empty entry, and then whoever applies first takes over from nobody known', async () => {
    await send('POST', MAPS, map('reset', { a: '1' }));
    const reset = await send('PATCH', `${MAPS}/reset`, { metadata: { managedFields: [{}] } }, MERGE);
    expect(owners(reset.json)).toEqual([]);
    const changed = await send('PATCH', `${MAPS}/reset`, { data: { b: '2' } }, MERGE);
    expect(owners(changed.json)).toEqual([]);
    const applied = await send('PATCH', `${MAPS}/reset?fieldManager=m`, map('reset', { c: '3' }), APPLY);
    expect(owners(applied.json)).toEqual(['m Apply', 'before-first-apply Update']);
  });

  it('survive nonsense that a client sends', async () => {
    await send('POST', MAPS, map('odd', { a: '1' }));
    const nonsense = [{ manager: 'x', operation: 'Nothing', fieldsV1: 7 }];
    const put = await send('PUT', `${MAPS}/odd`, {
      ...map('odd', { a: '2' }),
      metadata: { name: 'odd', managedFields: nonsense },
    });
    expect(put.status).toBe(200);
    expect(owners(put.json)).toEqual(['tester Update']);
  });

  it('of a number that is scaled are told by the subresource', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await tester.server.client.create(deploymentKind, {
      metadata: { name: 'd', namespace: 'default' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    });
    const path = '/apis/apps/v1/namespaces/default/deployments/d';
    await send('PATCH', `${path}/scale`, { spec: { replicas: 3 } }, MERGE);
    expect(owners((await send('GET', path)).json)).toContain('tester Update scale');
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd' },
      spec: { replicas: 4 },
    };
    const conflict = await send('PATCH', `${path}/scale?fieldManager=m`, scale, APPLY);
    expect(conflict.status).toBe(409);
    expect(conflict.json.details.causes[0]).toMatchObject({ field: '.spec.replicas' });
    const forced = await send('PATCH', `${path}/scale?fieldManager=m&force=true`, scale, APPLY);
    expect(forced.json.spec.replicas).toBe(4);
    expect(owners((await send('GET', path)).json)).toContain('m Apply scale');
  });
});

describe('server-side apply', () => {
  it('needs a manager; force is for it alone', async () => {
    expect((await send('PATCH', `${MAPS}/x`, map('x', {}), APPLY)).status).toBe(422);
    expect((await send('PATCH', `${MAPS}/x?force=true`, {}, MERGE)).status).toBe(422);
  });

  it('takes over from what kubectl applied by itself', async () => {
    const config = map('csa', { a: '1', b: '1' });
    const annotation = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) };
    await send('POST', `${MAPS}?fieldManager=kubectl-client-side-apply`, {
      ...config,
      metadata: { name: 'csa', annotations: annotation },
    });
    const next = map('csa', { a: '2', b: '1' });
    expect((await send('PATCH', `${MAPS}/csa?fieldManager=somebody`, next, APPLY)).status).toBe(409);
    const applied = await send('PATCH', `${MAPS}/csa?fieldManager=kubectl`, next, APPLY);
    expect(applied.status).toBe(200);
    expect(applied.json.data.a).toBe('2');
    const kept = applied.json.metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'];
    expect(JSON.parse(kept).data.a).toBe('2');
  });

  it('creates nothing in a dry run, and in spite of a race only once', async () => {
    const dry = await send('PATCH', `${MAPS}/race?fieldManager=m&dryRun=All`, map('race', { a: '1' }), APPLY);
    expect(dry.status).toBe(201);
    // What was never stored has no revision.
    expect(dry.json.metadata.resourceVersion).toBeUndefined();
    expect((await send('GET', `${MAPS}/race`)).status).toBe(404);
    const all = await Promise.all(
      ['m1', 'm2', 'm3'].map((name) =>
        send('PATCH', `${MAPS}/race?fieldManager=${name}`, map('race', { [name]: '1' }), APPLY),
      ),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    const { data } = (await send('GET', `${MAPS}/race`)).json;
    expect(Object.keys(data).sort()).toEqual(['m1', 'm2', 'm3']);
  });
});

describe('field validation', () => {
  const twice = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"},"nope":1}';

  it('names what stands twice or is unknown, in JSON and in YAML', async () => {
    const strict = await send('POST', `${MAPS}?fieldValidation=Strict`, twice);
    expect(strict.status).toBe(400);
    expect(strict.json.message).toBe('strict decoding error: duplicate field "data.a", unknown field "nope"');
    const warned = await send('POST', `${MAPS}?dryRun=All`, twice);
    expect(warned.status).toBe(201);
    expect(warned.json.data).toEqual({ a: '2' });
    expect(warned.warning).toContain('duplicate field \\"data.a\\"');
    const ignored = await send('POST', `${MAPS}?dryRun=All&fieldValidation=Ignore`, twice);
    expect(ignored.warning).toBeNull();
    const yaml = await send(
      'POST',
      `${MAPS}?fieldValidation=Strict`,
      'metadata: {name: t}\ndata:\n  a: "1"\n  a: "2"\n',
      'application/yaml',
    );
    expect(yaml.json.message).toBe('strict decoding error: line 4: key "a" already set in map');
  });

  it('looks at patches too', async () => {
    await send('POST', MAPS, map('patched', { a: '1' }));
    const patch = '{"data":{"b":"1","b":"2"},"nope":{}}';
    const strict = await send('PATCH', `${MAPS}/patched?fieldValidation=Strict`, patch, MERGE);
    expect(strict.status).toBe(400);
    expect(strict.json.message).toContain('duplicate field "data.b"');
    expect(strict.json.message).toContain('unknown field "nope"');
  });
});

describe('lists', () => {
  it('whose revision has been forgotten say so, with a token to go on inconsistently', async () => {
    const path = '/api/v1/namespaces/lists/configmaps';
    for (const name of ['a', 'b', 'c', 'd']) {
      await tester.server.client.create(configMapKind, { metadata: { name, namespace: 'lists' } });
    }
    const first = await send('GET', `${path}?limit=2`);
    const token = encodeURIComponent(first.json.metadata.continue);
    await tester.server.client.delete(configMapKind, { name: 'c', namespace: 'lists' });
    await tester.server.store.compact(await tester.server.store.currentRevision());
    const gone = await send('GET', `${path}?limit=1&continue=${token}`);
    expect(gone.status).toBe(410);
    expect(gone.json.reason).toBe('Expired');
    const rest = await send('GET', `${path}?continue=${encodeURIComponent(gone.json.metadata.continue)}`);
    expect(rest.status).toBe(200);
    expect(rest.json.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['d']);
  });
});

it('a refusal that comes before the name is chosen says how the name would begin', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'gen-' },
    spec: { priorityClassName: 'none', containers: [{ name: 'c', image: 'i' }] },
  };
  const strict = await startTester({ admission: [priority] });
  const { json } = await strict.send('POST', '/api/v1/namespaces/default/pods', pod);
  await strict.stop();
  expect(json.message).toBe('pods "gen-" is forbidden: no PriorityClass with name none was found');
  expect(json.details).toMatchObject({ name: 'gen-', kind: 'pods' });
});

it('a name that is given beside a beginning for one wins, and is taken in the words of Kubernetes', async () => {
  const { json: made } = await send('POST', MAPS, { metadata: { name: 'both', generateName: 'bo' } });
  expect(made.metadata).toMatchObject({ name: 'both', generateName: 'bo' });
  for (const generateName of ['bo', 'other-']) {
    const again = await send('POST', MAPS, { metadata: { name: 'both', generateName } });
    expect(again.status).toBe(409);
    expect(again.json).toMatchObject({
      reason: 'AlreadyExists',
      message:
        'configmaps "both" already exists, the server was not able to generate a unique name for the object',
      details: { name: 'both', kind: 'configmaps', retryAfterSeconds: 1 },
    });
  }
});

it('the class of a pod follows from what its namespace gives it', async () => {
  const strict = await startTester({ admission: [limitRanger] });
  const core = '/api/v1/namespaces/default';
  const limits = [{ type: 'Container', defaultRequest: { cpu: '10m' } }];
  await strict.send('POST', `${core}/limitranges`, { metadata: { name: 'l' }, spec: { limits } });
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const { json } = await strict.send('POST', `${core}/pods`, pod);
  await strict.stop();
  expect(json.spec.containers[0].resources).toEqual({ requests: { cpu: '10m' } });
  expect(json.status.qosClass).toBe('Burstable');
});

it('the scale of something missing is missing in the words of Kubernetes', async () => {
  const message = async (path: string) => (await send('GET', `${path}/none/scale`)).json.message;
  const apps = '/apis/apps/v1/namespaces/default';
  expect(await message(`${apps}/deployments`)).toBe('deployments/scale.apps "none" not found');
  expect(await message(`${apps}/statefulsets`)).toBe('statefulsets.apps "none" not found');
  expect(await message('/api/v1/namespaces/default/replicationcontrollers')).toBe(
    'replicationcontrollers/scale.autoscaling "none" not found',
  );
});
