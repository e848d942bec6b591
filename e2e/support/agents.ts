import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Wheelhouse } from './wheelhouse';

const program = fileURLToPath(new URL('../../apps/node-agent/dist/main.mjs', import.meta.url));

/** `kill -9` of a local node's agent: to the cluster that is a machine that is gone. */
export function killAgent(cluster: Wheelhouse, node: string): void {
  const found = execFileSync('pgrep', ['-f', `${cluster.dataDir}/nodes/${node} `], { encoding: 'utf8' });
  process.kill(Number(found.trim().split('\n')[0]), 'SIGKILL');
}

export interface JoinedAgent {
  readonly process: ChildProcess;
  /** As Ctrl-C ends it. */
  stop(): Promise<void>;
}

/** `wheelhouse agent` as an operator starts it on a further machine. A node that was there before comes back. */
export function joinAgent(cluster: Wheelhouse, node: string, nodeIp: string): JoinedAgent {
  const kubeconfig = parse(readFileSync(join(cluster.dataDir, 'kubeconfig'), 'utf8'));
  const args = ['--server', kubeconfig.clusters[0].cluster.server];
  args.push('--token-file', join(cluster.dataDir, 'join-token'));
  args.push('--data-dir', join(cluster.dataDir, 'nodes', node), '--node-name', node, '--node-ip', nodeIp);
  const child = spawn(process.execPath, [program, ...args, '--runtime', 'docker'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    process: child,
    stop: async () => {
      child.kill('SIGINT');
      await exited;
    },
  };
}

/** Removes what agents of their own have left on this Docker: they leave their containers running, as kubelets do. */
export function removeLeftovers(cluster: Wheelhouse): void {
  const { clusterId } = JSON.parse(readFileSync(join(cluster.dataDir, 'cluster.json'), 'utf8'));
  const docker = (...args: string[]) =>
    execFileSync('docker', args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  const containers = docker('ps', '-aq', '--filter', `label=dev.wheelhouse.cluster=${clusterId}`);
  if (containers.length > 0) docker('rm', '-f', ...containers);
  const networks = docker('network', 'ls', '-q', '--filter', `name=^wheelhouse-${clusterId}$`);
  if (networks.length > 0) docker('network', 'rm', ...networks);
}
