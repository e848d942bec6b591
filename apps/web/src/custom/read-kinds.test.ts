import { describe, expect, it } from 'vitest';
import { readKinds, readTable } from './read-kinds';

describe('kinds of users', () => {
  it('are read in the version that is stored, as far as it is served', () => {
    const definition = (versions: object[]) => ({
      spec: { group: 'shop.dev', scope: 'Namespaced', names: { kind: 'Cart', plural: 'carts' }, versions },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    });
    const both = [
      { name: 'v1', served: true, storage: true },
      { name: 'v2', served: true, storage: false },
    ];
    const newer = [
      { name: 'v1', served: false, storage: true },
      { name: 'v2', served: true, storage: false },
    ];
    const items = [definition(both), definition(newer), definition([]), { spec: {} }];
    expect(readKinds({ items })).toMatchObject([
      {
        kind: 'Cart',
        plural: 'carts',
        group: 'shop.dev',
        version: 'v1',
        established: true,
        namespaced: true,
      },
      { version: 'v2' },
    ]);
    expect(readKinds(undefined)).toEqual([]);
  });

  it('are shown in their own columns, without the wide ones', () => {
    const table = readTable({
      columnDefinitions: [
        { name: 'Name', priority: 0 },
        { name: 'Spec', priority: 1 },
        { name: 'Items', priority: 0 },
      ],
      rows: [{ cells: ['a', 'long', 3], object: { metadata: { name: 'a', namespace: 'shop' } } }],
      metadata: { continue: 'x' },
    });
    expect(table).toEqual({
      columns: ['Name', 'Items'],
      rows: [{ namespace: 'shop', name: 'a', cells: ['a', '3'] }],
      more: true,
    });
  });
});
