import type { Secret, ServiceAccount } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { accountNameOf, isFor, missingParts } from './plan';

interface Case {
  readonly secret: Secret;
  readonly account?: string;
}

describe('token secrets', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ secret, account = 'u1' }) => {
    const name = accountNameOf(secret);
    if (!name) return 'none of ours';
    const owner: ServiceAccount = { metadata: { name, namespace: 'n', uid: account } };
    if (!isFor(secret, owner)) return 'of an account that is gone';
    return missingParts(secret, owner, 'CA') ?? 'complete';
  });
});
