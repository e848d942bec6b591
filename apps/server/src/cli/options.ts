import { resolve } from 'node:path';
import { Option } from 'commander';
import { COMPONENTS, type ComponentName, type DatabaseSpec } from '../cluster/config';
import { StartupError } from '../startup-error';
import type { StoreSpec } from '../store/open-store';

/** An option that also reads `WHEELHOUSE_<NAME>`; a flag on the command line wins. */
export function option(flags: string, description: string): Option {
  const built = new Option(flags, description);
  const name = built.attributeName().replace(/[A-Z]/g, (letter) => `_${letter}`);
  return built.env(`WHEELHOUSE_${(built.negate ? `NO_${name}` : name).toUpperCase()}`);
}

/** A TCP port, 0 meaning any free one. */
export function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new StartupError(`${flag} takes a port number from 0 to 65535, not "${text}".`);
  }
  return port;
}

export function parseCount(flag: string, text: string, range: { min: number; max: number }): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < range.min || count > range.max) {
    throw new StartupError(`${flag} takes a whole number from ${range.min} to ${range.max}, not "${text}".`);
  }
  return count;
}

/** `embedded` or `etcd:http://HOST:PORT,…`. */
export function parseStore(text: string, dataDir: string): StoreSpec {
  if (text === 'embedded') return { kind: 'embedded', directory: resolve(dataDir, 'store') };
  const endpoints = text.startsWith('etcd:') ? text.slice('etcd:'.length).split(',') : [];
  if (endpoints.length === 0 || !endpoints.every((endpoint) => /^https?:\/\/[^/\s]+$/.test(endpoint))) {
    throw new StartupError(`--store takes "embedded" or "etcd:http://HOST:PORT,…", not "${text}".`);
  }
  return { kind: 'etcd', endpoints };
}

/** `embedded` or a `postgres://` URL. The URL may hold a password: it never appears in a message. */
export function parseDatabase(text: string, dataDir: string): DatabaseSpec {
  if (text === 'embedded') return { kind: 'embedded', directory: resolve(dataDir, 'postgres') };
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    throw new StartupError(
      '--database takes "embedded" or a URL such as postgres://USER:PASSWORD@HOST:5432/NAME.',
    );
  }
  return { kind: 'postgres', url: text };
}

export function parseComponents(text: string): ReadonlySet<ComponentName> {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !COMPONENTS.some((known) => known === name));
  if (unknown.length > 0) {
    throw new StartupError(
      `--components takes a list out of ${COMPONENTS.join(', ')}; unknown: ${unknown.join(', ')}.`,
    );
  }
  return new Set(COMPONENTS.filter((known) => names.includes(known)));
}

export function parseChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new StartupError(`${flag} takes one of ${choices.join(', ')}, not "${text}".`);
  return found;
}
