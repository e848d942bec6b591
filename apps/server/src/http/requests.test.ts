import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTester, type Tester } from './testing/tester';

const NS = '/api/v1/namespaces/default';
const MAPS = `${NS}/configmaps`;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { type: 'application/merge-patch+json' };

let tester: Tester;
const send: Tester['send'] = (...request) => tester.send(...request);

beforeAll(async () => {
  tester = await startTester();
  await send('POST', MAPS, map('a'));
});
afterAll(() => tester.stop());

function map(name: string, metadata: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data: { k: '1' } };
}

function deployment(name: string) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

function scale(name: string, spec: object, metadata: object = {}) {
  return { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name, ...metadata }, spec };
}

/** `reason field` of each cause. */
function causes(json: { details?: { causes?: { reason: string; field: string }[] } }): string[] {
  return (json.details?.causes ?? []).map(({ reason, field }) => `${reason} ${field}`).sort();
}

describe('methods', () => {
  it.each([
    ['POST', '/api'],
    ['POST', '/api/v1'],
    ['DELETE', '/apis/apps/v1'],
    ['POST', '/version'],
    ['OPTIONS', MAPS],
    ['HEAD', `${MAPS}/a`],
    ['PATCH', MAPS],
    ['POST', `${MAPS}/a`],
    ['DELETE', '/api/v1/configmaps'],
  ])('%s %s is not allowed', async (method, path) => {
    const { status, text, json } = await send(method, path, method === 'PATCH' ? {} : undefined, MERGE);
    expect(status).toBe(405);
    if (method === 'HEAD') expect(text).toBe('');
    else expect(json).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed' });
  });

  it('GET of one object is no watch, whatever the query says', async () => {
    const { status, json } = await send('GET', `${MAPS}/a?watch=true`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' } });
  });
});

describe('representations of what is no object of a kind', () => {
  it.each([
    ['GET', '/apis', 200, 'kind: APIGroupList'],
    ['GET', '/apis/apps/v1', 200, 'kind: APIResourceList'],
    ['GET', `${MAPS}/nope`, 404, 'reason: NotFound'],
    ['GET', '/api/v1/widgets', 404, 'reason: NotFound'],
  ])('%s %s is YAML for whoever asks for that', async (method, path, status, words) => {
    const answer = await send(method, path, undefined, { accept: 'application/yaml' });
    expect([answer.status, answer.type]).toEqual([status, 'application/yaml']);
    expect(answer.text).toContain(words);
  });

  it('deletions and scales are YAML too, and scales have a table', async () => {
    await send('POST', MAPS, map('gone'));
    const gone = await send('DELETE', `${MAPS}/gone`, undefined, { accept: 'application/yaml' });
    expect(gone.text).toContain('status: Success');
    await send('POST', DEPLOYMENTS, deployment('shown'));
    const yaml = await send('GET', `${DEPLOYMENTS}/shown/scale`, undefined, { accept: 'application/yaml' });
    expect(yaml.text).toContain('kind: Scale');
    const { json } = await send('GET', `${DEPLOYMENTS}/shown/scale`, undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    });
    expect(json.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Desired',
      'Available',
      'Age',
    ]);
    expect(json.rows[0].cells.slice(0, 3)).toEqual(['shown', 1, 0]);
  });

  it('what is not there in the wanted form is not acceptable', async () => {
    expect((await send('GET', '/apis', undefined, { accept: 'text/plain' })).status).toBe(406);
    const watch = await send('GET', `${MAPS}?watch=true`, undefined, { accept: 'application/yaml' });
    expect(watch.status).toBe(406);
  });
});

describe('options', () => {
  it.each([
    ['timeoutSeconds=x', 400, []],
    ['limit=x', 400, []],
    ['sendInitialEvents=true', 422, ['FieldValueForbidden sendInitialEvents']],
    [
      'resourceVersionMatch=Newest',
      422,
      ['FieldValueForbidden resourceVersionMatch', 'FieldValueNotSupported resourceVersionMatch'],
    ],
    ['resourceVersionMatch=Exact&resourceVersion=0', 422, ['FieldValueForbidden resourceVersionMatch']],
    ['watch=0', 200, []],
    ['watch=FALSE', 200, []],
  ])('a list with %s: %i', async (query, status, expected) => {
    const answer = await send('GET', `${MAPS}?${query}`);
    expect(answer.status).toBe(status);
    expect(causes(answer.json)).toEqual(expected);
  });

  it('switches are on unless they say 0 or false', async () => {
    const answer = await send('GET', `${MAPS}?watch=yes&timeoutSeconds=1`);
    expect(JSON.parse(answer.text.split('\n')[0] ?? '')).toMatchObject({ type: 'ADDED' });
  });

  it('a dry run is for All or for nothing', async () => {
    const { status, json } = await send('POST', `${MAPS}?dryRun=`, map('b'));
    expect(status).toBe(422);
    expect(causes(json)).toEqual(['FieldValueNotSupported dryRun']);
  });

  it('a deletion is told by its body where it has one, but a dry run wherever it is asked for', async () => {
    await send('POST', DEPLOYMENTS, deployment('d'));
    const body = { kind: 'DeleteOptions', apiVersion: 'v1' };
    const dry = await send('DELETE', `${DEPLOYMENTS}/d?dryRun=All&propagationPolicy=Foreground`, body);
    expect(dry.json).toMatchObject({ kind: 'Status', status: 'Success' });
    expect((await send('GET', `${DEPLOYMENTS}/d`)).status).toBe(200);
    const wrong = await send('DELETE', `${DEPLOYMENTS}/d`, { kind: 'Pod', apiVersion: 'v1' });
    expect(wrong.status).toBe(400);
    const held = await send('DELETE', `${DEPLOYMENTS}/d?propagationPolicy=Foreground`);
    expect(held.json.metadata.finalizers).toEqual(['foregroundDeletion']);
    const again = await send('DELETE', `${DEPLOYMENTS}/d?propagationPolicy=Orphan`);
    expect(again.json.metadata).toMatchObject({
      finalizers: ['orphan'],
      deletionTimestamp: held.json.metadata.deletionTimestamp,
      generation: held.json.metadata.generation,
    });
  });
});

describe('fields that select', () => {
  it.each([
    ['/api/v1/namespaces', 'status.phase=Active', 200],
    ['/api/v1/namespaces', 'metadata.namespace=a', 400],
    ['/api/v1/namespaces', 'name=a', 400],
    ['/api/v1/nodes', 'spec.unschedulable=false', 200],
    ['/api/v1/nodes', 'metadata.namespace=a', 400],
    ['/api/v1/persistentvolumes', 'metadata.namespace=a', 200],
    ['/api/v1/persistentvolumes', 'name=a', 400],
    [`${NS}/persistentvolumeclaims`, 'name=a', 400],
  ])('%s?%s: %i', async (path, selector, status) => {
    expect((await send('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`)).status).toBe(status);
  });
});

describe('what updates may not say', () => {
  it('that an object is being deleted', async () => {
    const { status, json } = await send(
      'PATCH',
      `${MAPS}/a`,
      { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 } },
      MERGE,
    );
    expect(status).toBe(422);
    expect(causes(json)).toEqual([
      'FieldValueInvalid metadata.deletionGracePeriodSeconds',
      'FieldValueInvalid metadata.deletionTimestamp',
    ]);
  });

  it('that it is not, once it is', async () => {
    await send('POST', MAPS, map('held', { finalizers: ['example.com/hold'] }));
    const { json } = await send('DELETE', `${MAPS}/held`);
    const denied = await send(
      'PATCH',
      `${MAPS}/held`,
      { metadata: { deletionTimestamp: null, deletionGracePeriodSeconds: null } },
      MERGE,
    );
    expect(denied.json.metadata.deletionTimestamp).toBe(json.metadata.deletionTimestamp);
  });

  it('nothing about the revision, where the kind insists on it', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } };
    const { json } = await send('POST', path, lease);
    const blind = await send('PUT', `${path}/l`, lease);
    expect([blind.status, causes(blind.json)]).toEqual([422, ['FieldValueInvalid metadata.resourceVersion']]);
    expect((await send('PUT', `${path}/l`, json)).status).toBe(200);
    expect((await send('PUT', `${MAPS}/a`, map('a'))).status).toBe(200);
  });

  it('finalizers of a namespace that are nobody’s', async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
    const path = '/api/v1/namespaces/default/finalize';
    const plain = await send('PUT', path, { ...body, spec: { finalizers: ['mine'] } });
    expect(causes(plain.json)).toEqual(['FieldValueInvalid spec.finalizers']);
  });
});

describe('status', () => {
  it('may come with owners, except for pods', async () => {
    const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u' };
    const patch = { metadata: { ownerReferences: [owner] } };
    await send('POST', DEPLOYMENTS, deployment('owned'));
    const owned = await send('PATCH', `${DEPLOYMENTS}/owned/status`, patch, MERGE);
    expect(owned.json.metadata.ownerReferences).toEqual([owner]);
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await send('POST', `${NS}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
    const pod = await send('PATCH', `${NS}/pods/p/status`, patch, MERGE);
    expect(pod.status).toBe(200);
    expect(pod.json.metadata.ownerReferences).toBeUndefined();
  });
});

describe('scale', () => {
  it('is checked like any other body', async () => {
    await send('POST', DEPLOYMENTS, deployment('s'));
    const path = `${DEPLOYMENTS}/s/scale`;
    const elsewhere = await send('PUT', path, scale('s', { replicas: 2 }, { namespace: 'other' }));
    expect(elsewhere.status).toBe(400);
    const strict = await send('PUT', `${path}?fieldValidation=Strict`, scale('s', { replicas: 2, more: 1 }));
    expect(strict.json.message).toBe('strict decoding error: unknown field "spec.more"');
    const warned = await send('PATCH', path, { spec: { replicas: 3, more: 1 } }, MERGE);
    expect(warned.warning).toContain('unknown field');
    expect(warned.json.spec).toEqual({ replicas: 3 });
  });
});

describe('evictions', () => {
  it('name the pod that the path names', async () => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction' };
    expect((await send('POST', `${NS}/pods/p/eviction`, body)).status).toBe(400);
  });
});
