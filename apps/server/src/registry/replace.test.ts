import { forbidden, notFound } from '@wheelhouse/shared/errors';
import { expect, it } from 'vitest';
import { replaceOrCreate } from './replace';
import type { RequestContext } from './request-context';
import type { StoredResource } from './stored-resource';

it('is refused to who may update but not create', async () => {
  const subject = { group: 'coordination.k8s.io', kind: 'leases', name: 'l' };
  const answer = replaceOrCreate({} as StoredResource, {
    context: {
      mayCreate: () => Promise.reject(forbidden(subject, 'may not create')),
    } as Partial<RequestContext> as RequestContext,
    ref: { namespace: 'default', name: 'l' },
    replace: () => Promise.reject(notFound(subject)),
    sent: () => ({ metadata: { name: 'l' } }),
  });
  await expect(answer).rejects.toMatchObject({ reason: 'Forbidden' });
});
