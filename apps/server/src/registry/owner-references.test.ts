import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { describe, expect, it } from 'vitest';
import { dropRepeatedOwners } from './owner-references';
import type { RequestContext } from './request-context';

const owner = (uid: string, name = uid) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });

function drop(...ownerReferences: ReturnType<typeof owner>[]) {
  const object: KubeObject = { metadata: { ownerReferences } };
  const warnings: string[] = [];
  // Nothing else of a request is looked at.
  dropRepeatedOwners(object, { warnings } as unknown as RequestContext, 'sent');
  return { owners: object.metadata?.ownerReferences, warnings };
}

describe('owners', () => {
  it('that are named twice in the same words stay once, with a warning', () => {
    const { owners, warnings } = drop(owner('a'), owner('b'), owner('a'), owner('a'));
    expect(owners).toEqual([owner('a'), owner('b')]);
    expect(warnings).toEqual([expect.stringMatching(/duplicate UID\(s\) observed: a, a$/)]);
  });

  it('that differ in anything stay', () => {
    const { owners, warnings } = drop(owner('a'), owner('a', 'other'));
    expect(owners).toHaveLength(2);
    expect(warnings).toEqual([]);
  });
});
