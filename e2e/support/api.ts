import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { createHttpClient } from '@wheelhouse/shared/client/http-client';
import { Agent, fetch } from 'undici';
import { parse } from 'yaml';

export interface ApiAccess {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly client: Client;
  close(): Promise<void>;
}

/** The API of a running cluster as a program uses it: the admin token over verified TLS. */
export async function openApi(dataDir: string): Promise<ApiAccess> {
  const kubeconfig = parse(await readFile(join(dataDir, 'kubeconfig'), 'utf8'));
  const { server: url, 'certificate-authority-data': data } = kubeconfig.clusters[0].cluster;
  const ca = Buffer.from(data, 'base64').toString();
  const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  const dispatcher = new Agent({ connect: { ca }, bodyTimeout: 0, headersTimeout: 0 });
  return {
    url,
    ca,
    token,
    client: createHttpClient({
      baseUrl: url,
      fetch: (address, init) => fetch(address, { ...init, dispatcher }),
      headers: { authorization: `Bearer ${token}` },
    }),
    close: () => dispatcher.destroy(),
  };
}
