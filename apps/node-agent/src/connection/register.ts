import { parseJoinToken } from '@wheelhouse/shared/agent/join-token';
import { AGENT_PROTOCOL } from '@wheelhouse/shared/agent/protocol';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { greet, type SocketCredential } from './agent-socket';
import { createCertificateRequest, generatePrivateKey } from './certificate-request';
import { type CredentialStore, isExpired, type NodeCredential } from './credential-store';
import { fetchPinnedCa } from './pinned-ca';

export interface RegisterOptions {
  readonly serverUrl: URL;
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly store: CredentialStore;
  /** Needed only while the store holds no valid credential. */
  readonly joinToken?: string | undefined;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * The node's credential: the stored one while it is valid, otherwise a new one by the join token. The server is known
 * by the token's CA hash before the token is shown to it. Throws RefusedError (wrong or expired token, name taken),
 * WrongServerError, or a plain Error when the server cannot be reached.
 */
export async function ensureCredential(options: RegisterOptions): Promise<NodeCredential> {
  const { store, clock = systemClock } = options;
  const stored = await store.load();
  if (stored && !isExpired(stored.certificate, clock.now())) return stored;
  const { joinToken, serverUrl } = options;
  if (!joinToken) throw new Error('this node is not registered yet: a join token is needed');
  const token = parseJoinToken(joinToken);
  if (!token) throw new Error('the join token is malformed: wh1.<hash>.<id>.<secret> is expected');
  const ca = await fetchPinnedCa(serverUrl, token.caFingerprint);
  return register(options, { ca, joinToken: joinToken.trim() });
}

/** A new certificate for the same key, by the certificate that is still valid. */
export function renewCredential(options: RegisterOptions, current: NodeCredential): Promise<NodeCredential> {
  return register(options, current);
}

async function register(options: RegisterOptions, credential: SocketCredential): Promise<NodeCredential> {
  const { store, nodeName, agentVersion, serverUrl, signal } = options;
  let key = await store.loadKey();
  if (!key) {
    key = await generatePrivateKey();
    // Kept before it is used: if the answer gets lost, the same key may register again under this name.
    await store.saveKey(key);
  }
  const csr = await createCertificateRequest(key, `system:node:${nodeName}`);
  const hello = { type: 'register', protocol: AGENT_PROTOCOL, nodeName, agentVersion, csr } as const;
  const answer = await greet({ serverUrl, credential, hello, signal }, (answer, socket) => {
    socket.close();
    return answer;
  });
  if (answer.type !== 'registered') throw new Error('the server did not answer the registration');
  await store.save({ certificate: answer.clientCertificate, ca: answer.caCertificate });
  await store.saveSettings(answer.settings);
  return { key, certificate: answer.clientCertificate, ca: answer.caCertificate };
}
