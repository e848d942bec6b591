import { readFile } from 'node:fs/promises';
import type { Client } from '@wheelhouse/shared/client/client';
import { createHttpClient } from '@wheelhouse/shared/client/http-client';
import { Agent, fetch } from 'undici';
import { parse } from 'yaml';
import { StartupError } from '../startup-error';

export interface RemoteClient {
  readonly client: Client;
  readonly server: string;
  /** PEM text of the CA that the server's certificate is checked against. */
  readonly caCertificate: string;
  close(): Promise<void>;
}

interface KubeconfigPart {
  readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string };
  readonly user?: {
    readonly token?: string;
    readonly 'client-certificate-data'?: string;
    readonly 'client-key-data'?: string;
  };
}

/** The API of a server elsewhere, by a kubeconfig with embedded credentials, as this program writes them. */
export async function openRemoteClient(kubeconfigPath: string): Promise<RemoteClient> {
  let text: string;
  try {
    text = await readFile(kubeconfigPath, 'utf8');
  } catch (error) {
    throw new StartupError(`The kubeconfig ${kubeconfigPath} cannot be read: ${(error as Error).message}`);
  }
  const config: { clusters?: KubeconfigPart[]; users?: KubeconfigPart[] } = parse(text) ?? {};
  const cluster = config.clusters?.[0]?.cluster;
  const user = config.users?.[0]?.user;
  if (!cluster?.server || !cluster['certificate-authority-data'] || !user) {
    throw new StartupError(
      `${kubeconfigPath} does not name a server with certificate-authority-data and a user with embedded credentials.`,
    );
  }
  const caCertificate = Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
  const decode = (data: string | undefined) => (data ? Buffer.from(data, 'base64').toString() : undefined);
  const dispatcher = new Agent({
    connect: {
      ca: caCertificate,
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    },
    // Watches may be silent for long.
    bodyTimeout: 0,
  });
  return {
    server: cluster.server,
    caCertificate,
    client: createHttpClient({
      baseUrl: cluster.server,
      fetch: (url, init) => fetch(url, { ...init, dispatcher }),
      headers: user.token ? { authorization: `Bearer ${user.token}` } : {},
    }),
    close: () => dispatcher.destroy(),
  };
}
