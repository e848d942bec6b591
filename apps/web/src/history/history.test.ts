import { describe, expect, it } from 'vitest';
import { annotationsInWords } from './annotation-words';
import { byPerson, type Entry, readEntry } from './entry';
import { entryInWords, whoInWords } from './entry-words';

const entry: Entry = {
  id: '1',
  time: '2026-01-01T00:00:00Z',
  user: 'admin',
  verb: 'patch',
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: 'scale',
  namespace: 'shop',
  name: 'web',
  code: 200,
  refusal: undefined,
  summary: '',
  changes: [{ path: 'spec.replicas', before: 3, after: 8 }],
  annotations: {},
};

const said = (more: Partial<Entry>) => {
  const { did, how } = entryInWords({ ...entry, ...more });
  return `${did} web${how}`;
};

describe('entryInWords', () => {
  it('says what was done', () => {
    expect(said({})).toBe('scaled web from 3 to 8');
    expect(said({ verb: 'create', changes: [] })).toBe('made deployment web');
    const path = 'spec.template.spec.containers[web].image';
    expect(said({ changes: [{ path, before: 'a:1', after: 'a:2' }] })).toBe('set the image of web to a:2');
    expect(said({ code: 403, refusal: 'not allowed' })).toBe(
      'was refused to change deployment web: not allowed',
    );
  });
});

describe('annotationsInWords', () => {
  it('says who changed it, who was passed over and who objected', () => {
    expect(
      annotationsInWords({
        'mutation.webhook.admission.k8s.io/round_0_index_0':
          '{"configuration":"c","webhook":"w.example.com","mutated":true}',
        'mutation.webhook.admission.k8s.io/round_0_index_1':
          '{"configuration":"c","webhook":"x.example.com","mutated":false}',
        'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'v.example.com',
        'validation.policy.admission.k8s.io/validation_failure':
          '[{"message":"too big","policy":"p"},{"message":"too old","policy":"q"}]',
        'p/size': '3 keys',
        'mutation.webhook.admission.k8s.io/odd': 'no JSON',
      }),
    ).toEqual([
      'webhook w.example.com changed it on the way',
      'webhook x.example.com let it be',
      'webhook v.example.com did not answer and was passed over',
      'policy p objected: too big',
      'policy q objected: too old',
      'p/size: 3 keys',
      'mutation.webhook.admission.k8s.io/odd: no JSON',
    ]);
  });
});

describe('readEntry', () => {
  it('reads what the server sends, and survives what it does not', () => {
    const read = readEntry({
      metadata: { name: 'x' },
      user: { name: 'system:kube-scheduler' },
      verb: 'bind',
      object: { resource: 'pods', name: 'p', namespace: 'shop' },
      response: { code: 201 },
      changes: [{ path: 'spec.nodeName', after: 'node-1' }],
    });
    expect(read).toMatchObject({ id: 'x', verb: 'bind', resource: 'pods', name: 'p', code: 201 });
    expect(entryInWords(read)).toEqual({ did: 'placed pod', how: ' on node-1' });
    expect(byPerson(read)).toBe(false);
    expect(['admin', read.user, 'system:node:node-1'].map(whoInWords)).toEqual([
      'admin',
      'the scheduler',
      'node-1',
    ]);
    expect(readEntry(null).user).toBe('–');
  });
});
