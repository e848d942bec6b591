import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { type Secret, secretKind } from '@wheelhouse/shared/kinds/core/secret';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { randomLetters, sameSecret } from './random-token';

const NAMESPACE = 'kube-system';
const TYPE = 'bootstrap.kubernetes.io/token';
const NAME_PREFIX = 'bootstrap-token-';
const ID = /^[a-z0-9]{6}$/;

/** A token with which machines may join, as its Secret in kube-system says. The form is Kubernetes' bootstrap token. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
  readonly description?: string;
  /** Undefined: never. */
  readonly expires?: Date;
  /** Lets a machine take over the name of a node that is registered with another key. */
  readonly allowReplace: boolean;
}

export interface BootstrapTokens {
  /** Makes sure that this token exists; leaves an existing one (e.g. with another expiry) alone. */
  ensure(token: BootstrapToken): Promise<void>;
  /** Also removes tokens whose time is over. */
  create(options: {
    ttlSeconds?: number;
    description?: string;
    allowReplace?: boolean;
  }): Promise<BootstrapToken>;
  /** Without expired ones, sorted by id. */
  list(): Promise<BootstrapToken[]>;
  /** Throws NotFound for an unknown id. */
  delete(id: string): Promise<void>;
  /** The token with this id when the secret is right, it may authenticate and its time is not over. */
  verify(id: string, secret: string): Promise<BootstrapToken | undefined>;
}

export function createBootstrapTokens(client: Client, clock: Clock): BootstrapTokens {
  async function write(token: BootstrapToken): Promise<void> {
    const secret = toSecret(token);
    try {
      await client.create(secretKind, secret);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // A new cluster: kube-system is not there yet.
      await ignoreExisting(client.create(namespaceKind, { metadata: { name: NAMESPACE } }));
      await client.create(secretKind, secret);
    }
  }

  async function all(): Promise<BootstrapToken[]> {
    const { items } = await client.list(secretKind, { namespace: NAMESPACE, fieldSelector: `type=${TYPE}` });
    return items.flatMap((secret) => fromSecret(secret) ?? []).sort((a, b) => a.id.localeCompare(b.id));
  }

  async function remove(id: string): Promise<void> {
    await client.delete(secretKind, { namespace: NAMESPACE, name: NAME_PREFIX + id });
  }

  return {
    ensure: (token) => ignoreExisting(write(token)),
    async create({ ttlSeconds, description, allowReplace = false }) {
      const expired = (await all()).filter((token) => isOver(token, clock.now()));
      await Promise.all(expired.map(({ id }) => remove(id).catch(ignoreMissing)));
      const token: BootstrapToken = {
        id: randomLetters(6),
        secret: randomLetters(16),
        allowReplace,
        ...(description ? { description } : {}),
        ...(ttlSeconds ? { expires: new Date(clock.now().getTime() + ttlSeconds * 1000) } : {}),
      };
      await write(token);
      return token;
    },
    async list() {
      return (await all()).filter((token) => !isOver(token, clock.now()));
    },
    delete: remove,
    async verify(id, secret) {
      // The id becomes part of a name; anything else than its form names no token.
      if (!ID.test(id)) return undefined;
      const stored = await find(client, id);
      const token = stored && fromSecret(stored);
      if (!token || token.id !== id || !sameSecret(token.secret, secret)) return undefined;
      return isOver(token, clock.now()) ? undefined : token;
    },
  };
}

async function find(client: Client, id: string): Promise<Stored<Secret> | undefined> {
  try {
    return await client.get(secretKind, { namespace: NAMESPACE, name: NAME_PREFIX + id });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isOver(token: BootstrapToken, now: Date): boolean {
  return token.expires !== undefined && token.expires <= now;
}

function toSecret(token: BootstrapToken): Secret {
  const data: Record<string, string> = {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    ...(token.description ? { description: token.description } : {}),
    ...(token.expires ? { expiration: token.expires.toISOString().replace(/\.\d+Z$/, 'Z') } : {}),
    ...(token.allowReplace ? { 'allow-replace': 'true' } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: NAMESPACE, name: NAME_PREFIX + token.id },
    type: TYPE,
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** Undefined for a Secret that is no usable token: other type, switched off, or with an expiry that is no time. */
function fromSecret(secret: Secret): BootstrapToken | undefined {
  if (secret.type !== TYPE) return undefined;
  const read = (key: string) => {
    const value = secret.data?.[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  const [id, tokenSecret, expiration] = [read('token-id'), read('token-secret'), read('expiration')];
  if (!id || !tokenSecret || read('usage-bootstrap-authentication') !== 'true') return undefined;
  if (expiration !== undefined && Number.isNaN(Date.parse(expiration))) return undefined;
  const description = read('description');
  return {
    id,
    secret: tokenSecret,
    allowReplace: read('allow-replace') === 'true',
    ...(description ? { description } : {}),
    ...(expiration ? { expires: new Date(expiration) } : {}),
  };
}

async function ignoreExisting(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
