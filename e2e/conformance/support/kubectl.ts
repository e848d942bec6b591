import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What kubectl says as the administrator of a cluster. Rejects with what it complains of. */
export async function kubectl(dataDir: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute('kubectl', ['--kubeconfig', join(dataDir, 'kubeconfig'), ...args]);
  return stdout;
}
