import { createHash, X509Certificate } from 'node:crypto';
import type { Client } from '@wheelhouse/shared/client/client';
import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { type Secret, secretKind } from '@wheelhouse/shared/kinds/core/secret';
import type { Stored } from '@wheelhouse/shared/meta/object';

const NAMESPACE = 'kube-system';
const TYPE = 'wheelhouse.dev/node-identity';

/** Which key holds a node's name. */
export interface NodeIdentity {
  /** SHA-256 of the public key (SPKI, DER), hex. */
  readonly keyFingerprint: string;
  readonly registeredAt: Date;
}

/**
 * The registered keys of all nodes, one Secret in kube-system each. Deleting such a Secret cuts the node off: it must
 * register anew.
 */
export interface NodeIdentities {
  find(nodeName: string): Promise<NodeIdentity | undefined>;
  /** Throws a conflict when the record changed since `previous` was read. */
  save(nodeName: string, identity: NodeIdentity, previous: NodeIdentity | undefined): Promise<void>;
}

export function keyFingerprint(certificate: X509Certificate | string): string {
  const parsed = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return createHash('sha256')
    .update(parsed.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

export function createNodeIdentities(client: Client): NodeIdentities {
  const revisions = new WeakMap<NodeIdentity, string>();
  return {
    async find(nodeName) {
      try {
        const secret = await client.get(secretKind, { namespace: NAMESPACE, name: nameOf(nodeName) });
        const identity = fromSecret(secret);
        if (identity) revisions.set(identity, secret.metadata.resourceVersion);
        return identity;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async save(nodeName, identity, previous) {
      const secret = toSecret(nodeName, identity);
      const resourceVersion = previous && revisions.get(previous);
      if (resourceVersion) {
        await client.update(secretKind, { ...secret, metadata: { ...secret.metadata, resourceVersion } });
        return;
      }
      try {
        await client.create(secretKind, secret);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await createNamespace(client);
        await client.create(secretKind, secret);
      }
    },
  };
}

async function createNamespace(client: Client): Promise<void> {
  try {
    await client.create(namespaceKind, { metadata: { name: NAMESPACE } });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

function nameOf(nodeName: string): string {
  return `node-identity.${nodeName}`;
}

function toSecret(nodeName: string, identity: NodeIdentity): Secret {
  const encode = (text: string) => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: NAMESPACE, name: nameOf(nodeName) },
    type: TYPE,
    data: {
      'key-fingerprint': encode(identity.keyFingerprint),
      'registered-at': encode(identity.registeredAt.toISOString()),
    },
  };
}

function fromSecret(secret: Stored<Secret>): NodeIdentity | undefined {
  const read = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  const registeredAt = new Date(read('registered-at'));
  const fingerprint = read('key-fingerprint');
  // A record that somebody else wrote, or damaged, holds no name.
  if (secret.type !== TYPE || !fingerprint || Number.isNaN(registeredAt.getTime())) return undefined;
  return { keyFingerprint: fingerprint, registeredAt };
}
