import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The kubectls of this machine by their version (`1.33`), the oldest first: the one on the PATH, its siblings
 * `kubectl.1.NN`, and Debian's 1.20 where it is unpacked.
 */
export function kubectls(): ReadonlyMap<string, string> {
  const onPath = realpathSync(execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim());
  const siblings = readdirSync(dirname(onPath))
    .filter((name) => /^kubectl\.1\.\d+$/.test(name))
    .map((name) => join(dirname(onPath), name));
  const debian = join(import.meta.dirname, '../../node_modules/.cache/kubectl-1.20/usr/bin/kubectl');
  const binaries = [...(existsSync(debian) ? [debian] : []), ...siblings, onPath];
  const versions = binaries.map((binary): [string, string] => [versionOf(binary), binary]);
  return new Map(versions.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
}

function versionOf(binary: string): string {
  const output = execFileSync(binary, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return JSON.parse(output).clientVersion.gitVersion.replace(/^v(\d+\.\d+).*/, '$1');
}
