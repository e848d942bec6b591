import { describe, expect, it } from 'vitest';
import { managerOf } from './owners';
import type { RequestContext } from './request-context';

/** Of a request only who it is from is looked at. */
const by = (context: Partial<RequestContext>) =>
  managerOf({ user: { name: 'system:serviceaccount:a:b', groups: [] }, ...context } as RequestContext);

describe('the manager of a write', () => {
  it.each<[string, Partial<RequestContext>]>([
    ['mine', { fieldManager: 'mine', userAgent: 'kubectl/1' }],
    ['kubectl', { userAgent: 'kubectl/v1.33 (linux)' }],
    ['b', {}],
    ['unknown', { userAgent: '' }],
    ['unknown', { userAgent: '\u0007/1' }],
    ['x'.repeat(128), { userAgent: 'x'.repeat(200) }],
  ])('is %s', (manager, context) => {
    expect(by(context)).toBe(manager);
  });
});
