import { sendJson, sendText } from './respond';
import type { PathHandler } from './router';
import { noSuchMethod } from './status-errors';

export interface HealthOptions {
  readonly ready: () => boolean;
  /** Reaches the store; rejects when it cannot. */
  readonly pingStore: () => Promise<unknown>;
  readonly gitVersion: string;
}

const PATHS = ['healthz', 'livez', 'readyz'] as const;

/** `/healthz`, `/livez`, `/readyz` (with `?verbose` and single checks below them) and `/version`. */
export function healthHandler(options: HealthOptions): PathHandler {
  const checks: Readonly<Record<string, () => Promise<boolean>>> = {
    ping: async () => true,
    store: async () => {
      try {
        await options.pingStore();
        return true;
      } catch {
        // The failed check is the answer.
        return false;
      }
    },
    caches: async () => options.ready(),
  };
  const version = versionInfo(options.gitVersion);
  return async (req, res, path, query) => {
    if (path === '/version' || path === '/version/') {
      if (req.method !== 'GET') throw noSuchMethod();
      sendJson(res, 200, version);
      return true;
    }
    const [, first = '', single, ...more] = path.split('/');
    if (more.length > 0 || !PATHS.some((known) => known === first)) return false;
    if (single) {
      const check = Object.hasOwn(checks, single) ? checks[single] : undefined;
      if (!check) return false;
      const healthy = await check();
      sendText(res, healthy ? 200 : 500, healthy ? 'ok' : 'internal server error: check failed\n');
      return true;
    }
    // A process that lives need not have reached the store.
    const names = first === 'livez' ? ['ping'] : Object.keys(checks);
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let healthy = true;
    for (const name of names) {
      if (excluded.has(name)) {
        lines.push(`[+]${name} excluded: ok`);
        continue;
      }
      const fine = (await checks[name]?.()) ?? false;
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
