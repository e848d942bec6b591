import type { Client } from '@wheelhouse/shared/client/client';
import { createHttpClient, type Fetch } from '@wheelhouse/shared/client/http-client';
import { Agent, fetch } from 'undici';
import type { NodeCredential } from './credential-store';

/** The API over HTTPS with the node's certificate; the server is verified against the pinned CA. */
export interface NodeApi {
  readonly client: Client;
  /** Uses a renewed certificate for new connections; requests under way end on the old one. */
  use(credential: NodeCredential): void;
  close(): Promise<void>;
}

export function createNodeApi(options: {
  serverUrl: URL;
  credential: NodeCredential;
  userAgent: string;
}): NodeApi {
  let agent = createAgent(options.credential);
  const send: Fetch = (url, init) => fetch(url, { ...init, dispatcher: agent });
  return {
    client: createHttpClient({
      baseUrl: options.serverUrl.origin,
      fetch: send,
      headers: { 'user-agent': options.userAgent },
    }),
    use(credential) {
      const former = agent;
      agent = createAgent(credential);
      // Resolves when the last request (a watch may take minutes) has ended.
      former.close().catch(() => former.destroy());
    },
    close: () => agent.destroy(),
  };
}

function createAgent({ ca, certificate, key }: NodeCredential): Agent {
  return new Agent({
    connect: { ca, cert: certificate, key, timeout: 10_000 },
    // Watches are silent for as long as nothing changes; the server ends them, and TCP keep-alive finds dead peers.
    bodyTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 30_000,
  });
}
