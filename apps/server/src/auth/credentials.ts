import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { formatJoinToken, type JoinToken, parseJoinToken } from '@wheelhouse/shared/agent/join-token';
import type { Clock } from '@wheelhouse/shared/clock';
import {
  type CertificateAuthority,
  type KeyPairPem,
  openCertificateAuthority,
} from './certificate-authority';
import { renderKubeconfig } from './kubeconfig';
import { ensurePrivateDirectory, readFileIfThere, writePrivateFile } from './private-file';
import { randomLetters } from './random-token';
import { ensureServerCertificate } from './server-certificate';
import { openServiceAccountKeys, type ServiceAccountKeys } from './service-account-keys';

const ADMIN_DAYS = 365;
const COMPONENT_DAYS = 365;

/** Identities of the control plane's own programs. */
export type ComponentUser = 'system:kube-scheduler' | 'system:kube-controller-manager';

/** Everything secret that a server keeps in its data directory, opened or created. */
export interface Credentials {
  readonly authority: CertificateAuthority;
  readonly adminToken: string;
  /** The default join token, as in the file `join-token`. Its Secret is made by `ensureBootstrapToken`. */
  readonly joinToken: JoinToken;
  readonly serviceAccountKeys: ServiceAccountKeys;
  /** The API's TLS certificate for these names and addresses; re-issued when they change. */
  serverCertificate(names: readonly string[]): Promise<KeyPairPem>;
  /** Writes `kubeconfig` (a fresh admin certificate in system:masters) and returns its path. */
  writeAdminKubeconfig(server: string): Promise<string>;
  /** A kubeconfig for a control plane program that runs as a process of its own. */
  componentKubeconfig(user: ComponentUser, server: string): Promise<string>;
}

/**
 * Opens `<dataDir>`: `pki/`, `admin-token` and `join-token`, creating what is missing, all of it readable by the owner
 * alone. Throws a plain Error with one clear line when a file holds something else than it should.
 */
export async function openCredentials(options: { dataDir: string; clock: Clock }): Promise<Credentials> {
  const { dataDir, clock } = options;
  const pki = join(dataDir, 'pki');
  await ensurePrivateDirectory(dataDir);
  const authority = await openCertificateAuthority(pki, clock);
  const adminToken = await openAdminToken(join(dataDir, 'admin-token'));
  const joinToken = await openJoinToken(join(dataDir, 'join-token'), authority.fingerprint);
  const serviceAccountKeys = await openServiceAccountKeys(pki);

  async function kubeconfigFor(user: string, groups: string[], options: { days: number; server: string }) {
    const credential = await authority.issueClient({ user, groups }, options.days);
    return renderKubeconfig({
      server: options.server,
      caCertificate: authority.certificate,
      user,
      credential,
    });
  }

  return {
    authority,
    adminToken,
    joinToken,
    serviceAccountKeys,
    serverCertificate: (names) => ensureServerCertificate(authority, { directory: pki, names, clock }),
    async writeAdminKubeconfig(server) {
      const path = join(dataDir, 'kubeconfig');
      await writePrivateFile(
        path,
        await kubeconfigFor('admin', ['system:masters'], { days: ADMIN_DAYS, server }),
      );
      return path;
    },
    componentKubeconfig: (user, server) => kubeconfigFor(user, [], { days: COMPONENT_DAYS, server }),
  };
}

async function openAdminToken(path: string): Promise<string> {
  const present = (await readFileIfThere(path))?.trim();
  if (present === undefined) {
    const token = randomBytes(32).toString('base64url');
    await writePrivateFile(path, `${token}\n`);
    return token;
  }
  if (!/^[\x21-\x7e]{20,}$/.test(present))
    throw new Error(
      `${path} does not hold a token of 20 or more printable characters; remove the file for a new one`,
    );
  return present;
}

async function openJoinToken(path: string, caFingerprint: string): Promise<JoinToken> {
  const present = parseJoinToken((await readFileIfThere(path)) ?? '');
  // A token for another CA could never be used: agents would refuse this server.
  if (present?.caFingerprint === caFingerprint) return present;
  const token = { caFingerprint, id: randomLetters(6), secret: randomLetters(16) };
  await writePrivateFile(path, `${formatJoinToken(token)}\n`);
  return token;
}
