import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ACCOUNT_NAME, ACCOUNT_UID, TOKEN_SECRET } from '../serviceaccount-token/plan';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const NAMESPACES = ['a', 'b'];
const account = (namespace: string) => ({ name: 'default', namespace });
const decode = (text = '') => Buffer.from(text, 'base64').toString();

it('every namespace has its account, the authority, and tokens of accounts that exist', async () => {
  await survives({
    async start() {
      const harness = new Harness(
        ['serviceaccount', 'root-ca-certificate-publisher', 'serviceaccount-token'],
        {
          rootCa: 'CA',
          tokens: {
            audience: 'api',
            sign: async ({ serviceAccount }) => ({ token: `of ${serviceAccount.uid}` }),
          },
        },
      );
      for (const name of NAMESPACES) await harness.client.create(namespaceKind, { metadata: { name } });
      await harness.start();
      return harness;
    },
    kinds: [namespaceKind, serviceAccountKind, configMapKind, secretKind],
    actions: fc.record({
      do: fc.constantFrom('account', 'authority', 'tamper', 'token' as const),
      namespace: fc.constantFrom(...NAMESPACES),
    }),
    async act({ client }, { do: what, namespace }) {
      const here = ({ metadata }: { metadata: { namespace?: string } }) => metadata.namespace === namespace;
      const authority = client.all(configMapKind).find(here);
      if (what === 'account' && client.all(serviceAccountKind).some(here))
        await client.delete(serviceAccountKind, account(namespace));
      if (what === 'authority' && authority) await client.delete(configMapKind, authority.metadata);
      if (what === 'tamper' && authority)
        await client.update(configMapKind, { ...authority, data: { 'ca.crt': 'another' } });
      if (what === 'token') {
        const metadata = {
          name: `t${client.calls.length}`,
          namespace,
          annotations: { [ACCOUNT_NAME]: 'default' },
        };
        await client.create(secretKind, { metadata, type: TOKEN_SECRET });
      }
    },
    converged({ client }) {
      const accounts = client.all(serviceAccountKind);
      expect(accounts.map(({ metadata }) => metadata.namespace).sort()).toEqual(NAMESPACES);
      const authorities = client.all(configMapKind);
      expect(authorities.map(({ data }) => data)).toEqual(NAMESPACES.map(() => ({ 'ca.crt': 'CA' })));
      for (const { metadata, data } of client.all(secretKind)) {
        const owner = accounts.find((one) => one.metadata.namespace === metadata.namespace)?.metadata.uid;
        expect(metadata.annotations?.[ACCOUNT_UID]).toBe(owner);
        expect([decode(data?.token), decode(data?.['ca.crt'])]).toEqual([`of ${owner}`, 'CA']);
      }
    },
  });
}, 60_000);
