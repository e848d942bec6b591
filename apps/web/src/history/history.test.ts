import { describe, expect, it } from 'vitest';
import { changesBetween } from './changes';
import { type Entry, readEntry } from './entry';
import { entryInWords } from './entry-words';

const entry: Entry = {
  id: '1',
  time: '2026-01-01T00:00:00Z',
  user: 'admin',
  verb: 'patch',
  resource: 'deployments',
  subresource: 'scale',
  namespace: 'shop',
  name: 'web',
  before: { spec: { replicas: 3 } },
  after: { spec: { replicas: 8 } },
  code: 200,
  refusal: undefined,
};

const said = (more: Partial<Entry>) => {
  const { did, how } = entryInWords({ ...entry, ...more });
  return `${did} web${how}`;
};

describe('entryInWords', () => {
  it('says what was done', () => {
    expect(said({})).toBe('scaled web from 3 to 8');
    expect(said({ verb: 'create', subresource: undefined })).toBe('made deployment web');
    expect(
      said({
        subresource: undefined,
        before: { spec: { containers: [{ image: 'a:1' }] } },
        after: { spec: { containers: [{ image: 'a:2' }] } },
      }),
    ).toBe('set the image of web to a:2');
    expect(said({ code: 403, refusal: 'not allowed' })).toBe(
      'was refused to change deployment web: not allowed',
    );
  });
});

describe('changesBetween', () => {
  it('lists leaves, added and removed ones too, and leaves bookkeeping out', () => {
    expect(
      changesBetween(
        { metadata: { resourceVersion: '1', labels: { a: 'x' } }, spec: { ports: [1, 2] } },
        { metadata: { resourceVersion: '2', labels: { b: 'y' } }, spec: { ports: [1] } },
      ),
    ).toEqual([
      { path: 'metadata.labels.a', before: 'x', after: undefined },
      { path: 'metadata.labels.b', before: undefined, after: 'y' },
      { path: 'spec.ports[1]', before: 2, after: undefined },
    ]);
  });
});

describe('readEntry', () => {
  it('reads what is there', () => {
    expect(
      readEntry({ id: 'x', user: { name: 'admin' }, verb: 'create', resource: 'pods', name: 'p' }),
    ).toMatchObject({
      id: 'x',
      user: 'admin',
      verb: 'create',
      resource: 'pods',
      name: 'p',
      namespace: undefined,
    });
    expect(readEntry(null).user).toBe('–');
  });
});
