import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, freemem, hostname, release, totalmem } from 'node:os';
import type { NodeSystemInfo } from 'kubernetes-types/core/v1';

/** What this machine is; read once. */
export interface MachineFacts {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly info: Omit<NodeSystemInfo, 'containerRuntimeVersion' | 'kubeletVersion' | 'kubeProxyVersion'>;
}

/** What changes while it runs. */
export interface MachineLoad {
  readonly memoryAvailableBytes: number;
  readonly diskAvailableBytes: number;
  readonly diskBytes: number;
}

export async function readMachineFacts(dataDirectory: string): Promise<MachineFacts> {
  const disk = await statfs(dataDirectory);
  const read = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim();
  const osRelease = await read('/etc/os-release');
  const machineId = await read('/etc/machine-id');
  return {
    hostname: hostname(),
    cpus: availableParallelism(),
    memoryBytes: await memoryLimit(),
    diskBytes: disk.blocks * disk.bsize,
    info: {
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      bootID: await read('/proc/sys/kernel/random/boot_id'),
      kernelVersion: release(),
      machineID: machineId,
      operatingSystem: process.platform === 'win32' ? 'windows' : process.platform,
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? process.platform,
      systemUUID: machineId,
    },
  };
}

export async function readMachineLoad(dataDirectory: string): Promise<MachineLoad> {
  const disk = await statfs(dataDirectory);
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return {
    memoryAvailableBytes: available ? Number(available) * 1024 : freemem(),
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskBytes: disk.blocks * disk.bsize,
  };
}

/** The machine's memory, or less where a control group allows less. */
async function memoryLimit(): Promise<number> {
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const limit = Number.parseInt(text, 10);
    if (limit > 0 && limit < totalmem()) return limit;
  }
  return totalmem();
}
