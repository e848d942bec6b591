import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { openCertificateAuthority } from '../auth/certificate-authority';
import { ensurePrivateDirectory } from '../auth/private-file';
import type { FrontProxyIdentity } from './remote-server';

const NAME = 'front-proxy-client';
const DAYS = 365;
const CONFIG = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/**
 * The identity by which other API servers believe this one who is asking: of an authority of its own, so that no
 * other certificate of the cluster gives that right.
 */
export async function openFrontProxy(
  dataDir: string,
  clock: Clock,
): Promise<{ readonly identity: FrontProxyIdentity; readonly ca: string }> {
  const directory = join(dataDir, 'pki', 'front-proxy');
  await ensurePrivateDirectory(directory);
  const authority = await openCertificateAuthority(directory, clock);
  return {
    identity: await authority.issueClient({ user: NAME, groups: [] }, DAYS),
    ca: authority.certificate,
  };
}

/** Publishes by what other API servers tell this one, and their clients, apart. */
export async function publishAuthentication(
  client: Client,
  { clientCa, frontProxyCa }: { readonly clientCa: string; readonly frontProxyCa: string },
): Promise<void> {
  const data = {
    'client-ca-file': clientCa,
    'requestheader-client-ca-file': frontProxyCa,
    'requestheader-allowed-names': JSON.stringify([NAME]),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
  };
  try {
    const current = await client.get(configMapKind, CONFIG);
    await client.update(configMapKind, { ...current, data: { ...current.data, ...data } });
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    await client.create(configMapKind, { metadata: CONFIG, data });
  } catch (error) {
    // Another server was faster, and knows the same.
    if (!isAlreadyExists(error)) throw error;
  }
}
