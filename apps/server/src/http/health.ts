import { JSON_TYPE } from './encode-as';
import { requireProducible } from './negotiation';
import { sendJson, sendText } from './respond';
import type { PathHandler } from './router';
import { noSuchMethod } from './status-errors';

export interface HealthOptions {
  readonly ready: () => boolean;
  /** Reaches the store; rejects when it cannot. */
  readonly pingStore: () => Promise<unknown>;
  readonly gitVersion: string;
}

/** The checks that can be asked for alone; the names are those of Kubernetes: `etcd` is the store, whichever it is. */
const CHECKS = {
  healthz: ['ping', 'etcd', 'informer-sync'],
  livez: ['ping', 'etcd'],
  readyz: ['ping', 'etcd', 'informer-sync'],
} as const;

const hasChecks = (path: string): path is keyof typeof CHECKS => Object.hasOwn(CHECKS, path);

/** All paths that tell about the server's health. */
export function healthPaths(): string[] {
  return Object.entries(CHECKS).flatMap(([path, checks]) => [
    `/${path}`,
    ...checks.map((check) => `/${path}/${check}`),
  ]);
}

/** `/healthz`, `/livez`, `/readyz` (with `?verbose` and single checks below them) and `/version`. */
export function healthHandler(options: HealthOptions): PathHandler {
  const checks: Readonly<Record<(typeof CHECKS)['readyz'][number], () => Promise<boolean>>> = {
    ping: async () => true,
    etcd: async () => {
      try {
        await options.pingStore();
        return true;
      } catch {
        // The failed check is the answer.
        return false;
      }
    },
    'informer-sync': async () => options.ready(),
  };
  const version = versionInfo(options.gitVersion);
  return async (req, res, path, query) => {
    if (path === '/version' || path === '/version/') {
      if (req.method !== 'GET') throw noSuchMethod();
      requireProducible(req.headers.accept, [JSON_TYPE]);
      sendJson(res, 200, version);
      return true;
    }
    const [, first = '', single, ...more] = path.split('/');
    if (more.length > 0 || !hasChecks(first)) return false;
    if (single !== undefined) {
      const check = CHECKS[first].find((known) => known === single);
      if (!check) return false;
      const healthy = await checks[check]();
      sendText(res, healthy ? 200 : 500, healthy ? 'ok' : 'internal server error: check failed\n');
      return true;
    }
    // A process that lives need not have reached the store.
    const names = first === 'livez' ? (['ping'] as const) : CHECKS[first];
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let healthy = true;
    for (const name of names) {
      if (excluded.has(name)) {
        lines.push(`[+]${name} excluded: ok`);
        continue;
      }
      const fine = await checks[name]();
      healthy &&= fine;
      lines.push(fine ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
    }
    if (!healthy) sendText(res, 500, `${lines.join('\n')}\n${first} check failed\n`);
    else sendText(res, 200, query.has('verbose') ? `${lines.join('\n')}\n${first} check passed\n` : 'ok');
    return true;
  };
}

/** `v1.33.0+wheelhouse` → the object that kubectl compares itself with. */
function versionInfo(gitVersion: string) {
  const [, major = '1', minor = '33'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
