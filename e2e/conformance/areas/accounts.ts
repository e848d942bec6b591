import type { Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance, type Stage } from '../support/suite';

const NAME = '[sig-auth] ServiceAccounts should';
const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

interface Review {
  readonly status: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username: string; readonly extra?: Record<string, string[]> };
  };
}

const review = ({ api }: Stage, token: string): Promise<Review> =>
  api.json('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: { spec: { token } } });

async function mountsToken(stage: Stage): Promise<void> {
  const { space, pods } = stage;
  await space.create('serviceaccounts', { metadata: { name: 'mounted' } });
  const spec = { serviceAccountName: 'mounted', automountServiceAccountToken: true };
  const script = `cd ${DIRECTORY} && cat namespace && echo && cat token && echo && cat ca.crt`;
  const { pod, log } = await space.run(pods.once('reader', script, { spec }));
  const [namespace, token = '', ...authority] = log.split('\n');
  expect(namespace).toBe(space.name);
  expect(authority[0]).toBe('-----BEGIN CERTIFICATE-----');
  const { status } = await review(stage, token);
  expect(status).toMatchObject({
    authenticated: true,
    user: {
      username: `system:serviceaccount:${space.name}:mounted`,
      extra: { 'authentication.kubernetes.io/pod-name': [pod.metadata.name] },
    },
  });
}

const mountsIt = (pod: Pod) =>
  pod.spec?.containers.some(({ volumeMounts = [] }) =>
    volumeMounts.some(({ mountPath }) => mountPath === DIRECTORY),
  ) ?? false;

async function optsOut({ space, pods }: Stage): Promise<void> {
  await space.create('serviceaccounts', { metadata: { name: 'mount' }, automountServiceAccountToken: true });
  await space.create('serviceaccounts', {
    metadata: { name: 'nomount' },
    automountServiceAccountToken: false,
  });
  // By the account, by the pod's own word, and which of the two counts.
  const cases = [
    ['default', undefined, true],
    ['default', true, true],
    ['default', false, false],
    ['mount', undefined, true],
    ['mount', true, true],
    ['mount', false, false],
    ['nomount', undefined, false],
    ['nomount', true, true],
    ['nomount', false, false],
  ] as const;
  for (const [account, own, expected] of cases) {
    const name = `${account}-${own ?? 'unset'}`;
    const made = pods.idle(name);
    if (!made.spec) throw new Error('a pod has a spec');
    made.spec.serviceAccountName = account;
    if (own === undefined) delete made.spec.automountServiceAccountToken;
    else made.spec.automountServiceAccountToken = own;
    // Only what is stored counts here: nothing has to run.
    made.spec.schedulerName = 'nobody';
    expect([name, mountsIt(await space.create('pods', made))]).toEqual([name, expected]);
  }
}

async function projectedToken(stage: Stage): Promise<void> {
  const { space, pods } = stage;
  const source = { path: 'token', expirationSeconds: 3600, audience: 'vault' };
  const { log } = await space.run(
    pods.once('reader', 'stat -L -c %a /tokens/token; cat /tokens/token', {
      volumes: [{ name: 'tokens', projected: { sources: [{ serviceAccountToken: source }] } }],
      container: { volumeMounts: [{ name: 'tokens', mountPath: '/tokens' }] },
    }),
  );
  const [mode, token = ''] = log.split('\n');
  expect(mode).toBe('644');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ aud: ['vault'], sub: `system:serviceaccount:${space.name}:default` });
  expect(claims.exp - claims.iat).toBeGreaterThanOrEqual(3600);
  // It is meant for another audience than the API.
  expect((await review(stage, token)).status.authenticated ?? false).toBe(false);
}

async function lifecycle(stage: Stage): Promise<void> {
  const { space, wide, unique } = stage;
  const labels = { account: unique };
  await space.create('serviceaccounts', { metadata: { name: 'living', labels } });
  await space.patch('serviceaccounts', 'living', { automountServiceAccountToken: false });
  const query = `?labelSelector=account%3D${unique}`;
  const [found] = await wide.list('serviceaccounts', query);
  expect(found?.automountServiceAccountToken).toBe(false);
  await space.removeAll('serviceaccounts', query);
  expect(await wide.list('serviceaccounts', query)).toEqual([]);
}

/** Service accounts and their tokens in pods. */
export function accounts(): void {
  conformance(`${NAME} mount an API token into pods [Conformance]`, mountsToken);
  conformance(`${NAME} allow opting out of API token automount [Conformance]`, optsOut);
  conformance(`${NAME} mount projected service account token [Conformance]`, projectedToken);
  conformance(`${NAME} run through the lifecycle of a ServiceAccount [Conformance]`, lifecycle);
}
