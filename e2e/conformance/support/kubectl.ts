import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withInput } from '../../support/wheelhouse';
import type { Stage } from './suite';

const execute = promisify(execFile);

/** kubectl in the test's namespace, as the cluster's administrator. */
export function kubectlOf({ cluster, space }: Stage) {
  const flags = ['--kubeconfig', join(cluster.dataDir, 'kubeconfig'), '--namespace', space.name];
  /** What it prints; rejects with what it writes to standard error. */
  const kubectl = async (...args: string[]): Promise<string> =>
    (await execute('kubectl', [...flags, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;
  return Object.assign(kubectl, {
    /** The same with objects on standard input. */
    given: (object: object, ...args: string[]) =>
      withInput(JSON.stringify(object), 'kubectl', [...flags, ...args, '-f', '-']),
    /** Its exit code and output, for commands whose code is an answer. */
    ended(object: object, ...args: string[]): Promise<{ code: number | null; stdout: string }> {
      const child = spawn('kubectl', [...flags, ...args, '-f', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
      let stdout = '';
      child.stdout.on('data', (data) => {
        stdout += data;
      });
      child.stdin.end(JSON.stringify(object));
      return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, stdout }));
      });
    },
    /** Starts it and waits for a line that it prints; it runs until it is ended. */
    async running(line: RegExp, ...args: string[]): Promise<{ line: string; end(): Promise<void> }> {
      const child = spawn('kubectl', [...flags, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      let output = '';
      const found = await new Promise<string>((resolve, reject) => {
        const read = (data: Buffer) => {
          output += data;
          const match = line.exec(output);
          if (match) resolve(match[1] ?? match[0]);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.once('error', reject);
        child.once('exit', (code) => reject(new Error(`kubectl ended with code ${code}: ${output}`)));
      });
      return {
        line: found,
        end: async () => {
          child.kill();
          await exited;
        },
      };
    },
  });
}
