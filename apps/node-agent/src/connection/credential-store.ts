import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { AgentSettings } from '@wheelhouse/shared/agent/protocol';
import { readFileIfThere, writePrivateFile } from './private-file';

/** What a registered agent holds, all PEM. */
export interface NodeCredential {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/** The agent's own files: `node.key`, `node.crt`, `ca.crt`, `settings.json`, readable by the owner alone. */
export interface CredentialStore {
  /** Undefined until the agent has registered. */
  load(): Promise<NodeCredential | undefined>;
  /** The key may be there before the certificate is: a registration whose answer got lost is repeated with it. */
  loadKey(): Promise<string | undefined>;
  saveKey(key: string): Promise<void>;
  save(registration: { certificate: string; ca: string }): Promise<void>;
  /** The cluster's settings as last heard, so that an agent can start while its server is away. */
  loadSettings(): Promise<AgentSettings | undefined>;
  saveSettings(settings: AgentSettings): Promise<void>;
}

export function openCredentialStore(directory: string): CredentialStore {
  const path = (name: string) => join(directory, name);
  return {
    async load() {
      const [key, certificate, ca] = await Promise.all(
        ['node.key', 'node.crt', 'ca.crt'].map((name) => readFileIfThere(path(name))),
      );
      return key && certificate && ca ? { key, certificate, ca } : undefined;
    },
    loadKey: () => readFileIfThere(path('node.key')),
    saveKey: (key) => writePrivateFile(path('node.key'), key),
    async save({ certificate, ca }) {
      await writePrivateFile(path('ca.crt'), ca);
      await writePrivateFile(path('node.crt'), certificate);
    },
    async loadSettings() {
      const text = await readFileIfThere(path('settings.json'));
      // Written by saveSettings alone, in one piece.
      return text === undefined ? undefined : (JSON.parse(text) as AgentSettings);
    },
    saveSettings: (settings) =>
      writePrivateFile(path('settings.json'), `${JSON.stringify(settings, null, 2)}\n`),
  };
}

/** When a certificate should be renewed: at two thirds of its life. */
export function renewalTime(certificate: string): Date {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return new Date(from + ((to - from) * 2) / 3);
}

export function isExpired(certificate: string, now: Date): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) <= now.getTime();
}
