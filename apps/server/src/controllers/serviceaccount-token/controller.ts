import { isNotFound } from '@wheelhouse/shared/errors';
import { type Secret, secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { type ServiceAccount, serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type {
  ControllerContext,
  ControllerDefinition,
  Outcome,
  Reconciler,
  TokenSigner,
} from '../machinery/controller';
import { accountNameOf, isFor, missingParts } from './plan';

/** Tokens in secrets are for those who cannot ask for new ones; they end with their secret or account. */
const TOKEN_SECONDS = 100 * 365 * 86_400;

/**
 * Fills secrets of the type `kubernetes.io/service-account-token` with a token of the account that they name, and
 * removes them when that account is gone.
 */
export const serviceAccountTokenController: ControllerDefinition = {
  name: 'serviceaccount-token',
  setup(context) {
    const { tokens } = context.settings;
    return tokens ? tokenReconciler(context, tokens) : [];
  },
};

function tokenReconciler(context: ControllerContext, tokens: TokenSigner): Reconciler {
  const { client, clock, settings } = context;
  const queue = context.queue();
  const secrets = context.cache(secretKind);
  const accounts = context.cache(serviceAccountKind);
  const enqueueSecret = (secret: Stored<Secret>) => {
    if (accountNameOf(secret) !== undefined) queue.add(keyOf(secret));
  };
  context.informer(secretKind).subscribe({ added: enqueueSecret, updated: enqueueSecret });
  const enqueueTokensOf = ({ metadata }: Stored<ServiceAccount>) => {
    for (const secret of secrets.list()) {
      const own = secret.metadata.namespace === metadata.namespace;
      if (own && accountNameOf(secret) === metadata.name) queue.add(keyOf(secret));
    }
  };
  context.informer(serviceAccountKind).subscribe({ added: enqueueTokensOf, deleted: enqueueTokensOf });

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const secret = secrets.get(key);
    const name = secret && accountNameOf(secret);
    if (!secret || !name || secret.metadata.deletionTimestamp) return;
    const namespace = secret.metadata.namespace ?? '';
    const account = accounts.get(`${namespace}/${name}`) ?? (await current(namespace, name));
    if (!account || !isFor(secret, account)) return remove(secret);
    const missing = missingParts(secret, account, settings.rootCa);
    if (!missing) return;
    const data = { ...secret.data, ...missing.data };
    if (missing.needsToken) data.token = await tokenFor(secret, account);
    await client.update(secretKind, {
      ...secret,
      metadata: {
        ...secret.metadata,
        annotations: { ...secret.metadata.annotations, ...missing.annotations },
      },
      data,
    });
  }

  /** What the watch has not told yet may be there all the same. */
  async function current(namespace: string, name: string): Promise<Stored<ServiceAccount> | undefined> {
    try {
      return await client.get(serviceAccountKind, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function tokenFor(secret: Stored<Secret>, account: Stored<ServiceAccount>): Promise<string> {
    const { token } = await tokens.sign(
      {
        namespace: account.metadata.namespace ?? '',
        serviceAccount: { name: account.metadata.name, uid: account.metadata.uid },
        secret: { name: secret.metadata.name, uid: secret.metadata.uid },
      },
      { audiences: [tokens.audience], seconds: TOKEN_SECONDS, now: clock.now() },
    );
    return Buffer.from(token).toString('base64');
  }

  async function remove({ metadata }: Stored<Secret>): Promise<void> {
    const { name, namespace, uid, resourceVersion } = metadata;
    try {
      await client.delete(secretKind, { name, namespace }, { preconditions: { uid, resourceVersion } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'token-secrets', queue, reconcile };
}
