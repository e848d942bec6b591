import type { Secret } from 'kubernetes-types/core/v1';
import type { RegistryCredentials } from '../../runtime/runtime';

const DOCKER_HUB = 'docker.io';

/** The first of the pull secrets (types dockerconfigjson and dockercfg) that speaks of the image's registry. */
export function credentialsFor(image: string, secrets: readonly Secret[]): RegistryCredentials | undefined {
  const registry = registryOf(image);
  for (const secret of secrets) {
    for (const [server, entry] of Object.entries(readAuths(secret))) {
      if (hostOf(server) !== registry) continue;
      const { username, password } = readEntry(entry);
      if (username !== undefined && password !== undefined) return { username, password, server };
    }
  }
  return undefined;
}

function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : DOCKER_HUB;
}

function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return host === 'index.docker.io' ? DOCKER_HUB : host;
}

function readAuths(secret: Secret): Record<string, unknown> {
  const modern = parse(secret.data?.['.dockerconfigjson']);
  if (modern) return record(modern.auths);
  return parse(secret.data?.['.dockercfg']) ?? {};
}

function readEntry(entry: unknown): { username?: string; password?: string } {
  const { auth, username, password } = record(entry);
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string') return {};
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? {} : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parse(base64: string | undefined): Record<string, unknown> | undefined {
  if (base64 === undefined) return undefined;
  try {
    return record(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')));
  } catch {
    // A secret that is no such thing is of no use here, and its contents belong in no message.
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
