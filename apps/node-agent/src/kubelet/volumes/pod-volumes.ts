import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Volume } from 'kubernetes-types/core/v1';
import { MountError } from '../config-error';
import { writeAtomically } from './atomic-files';
import { giveToGroup } from './file-group';
import type { VolumeLocation } from './persistent-volumes';
import { type VolumeInput, volumeFiles } from './volume-files';

const run = promisify(execFile);

export interface PodVolumesInput extends VolumeInput {
  /** Where the claim of a volume is; undefined for volumes without one. */
  locate(volume: Volume): Promise<VolumeLocation | undefined>;
}

/**
 * Makes a pod's volumes in its directory, and again whenever called: object volumes follow their objects,
 * the others stay as they are. Answers where each is on the host. Throws MountError with what is in the way.
 */
export async function preparePodVolumes(
  podDirectory: string,
  input: PodVolumesInput,
): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const volume of input.pod.spec?.volumes ?? []) {
    const path = await named(volume, () => prepare(volume, directoryOf(podDirectory, volume), input));
    paths.set(volume.name, path);
  }
  return paths;
}

/** Writes anew what the objects behind a running pod's volumes now say. */
export async function refreshPodVolumes(podDirectory: string, input: VolumeInput): Promise<void> {
  for (const volume of input.pod.spec?.volumes ?? []) {
    if (isMadeOfObjects(volume))
      await named(volume, () => writeFiles(volume, directoryOf(podDirectory, volume), input));
  }
}

export function isMadeOfObjects(volume: Volume): boolean {
  return Boolean(volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected);
}

const directoryOf = (podDirectory: string, { name }: Volume) => join(podDirectory, 'volumes', name);

async function named<T>(volume: Volume, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${text}`, { cause: error });
  }
}

async function prepare(volume: Volume, directory: string, input: PodVolumesInput): Promise<string> {
  const group = input.pod.spec?.securityContext?.fsGroup;
  if (volume.hostPath) return prepareHostPath(volume.hostPath.path, volume.hostPath.type ?? '');
  if (volume.emptyDir) {
    await mkdir(directory, { recursive: true });
    if (volume.emptyDir.medium === 'Memory') await mountMemory(directory, volume.emptyDir.sizeLimit);
    // Any user of any container may write.
    await chmod(directory, group === undefined ? 0o777 : 0o2777);
    if (group !== undefined) await chown(directory, -1, group);
    return directory;
  }
  const location = await input.locate(volume);
  if (location) return prepareLocation(location, input);
  return writeFiles(volume, directory, input);
}

async function writeFiles(volume: Volume, directory: string, input: VolumeInput): Promise<string> {
  const group = input.pod.spec?.securityContext?.fsGroup;
  const files = await volumeFiles(volume, input);
  if (!files) throw new MountError('volumes of this type are not supported on this node');
  await writeAtomically(directory, files, group === undefined ? undefined : { group });
  return directory;
}

/** A path of the host stays as its owner made it; a directory that is the volume's own follows the pod's group. */
async function prepareLocation(location: VolumeLocation, { pod }: VolumeInput): Promise<string> {
  if (location.kind === 'host-path') return prepareHostPath(location.path, location.type);
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup !== undefined) {
    await giveToGroup(location.path, fsGroup, { onlyOnMismatch: fsGroupChangePolicy === 'OnRootMismatch' });
  }
  return location.path;
}

async function prepareHostPath(path: string, type: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const checks: Readonly<Record<string, () => boolean | undefined>> = {
    Directory: () => found?.isDirectory(),
    File: () => found?.isFile(),
    Socket: () => found?.isSocket(),
    CharDevice: () => found?.isCharacterDevice(),
    BlockDevice: () => found?.isBlockDevice(),
  };
  if (type === 'DirectoryOrCreate' && !found) await mkdir(path, { recursive: true, mode: 0o755 });
  else if (type === 'FileOrCreate' && !found) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '', { flag: 'a', mode: 0o644 });
  } else if (type === '' && !found) await mkdir(path, { recursive: true });
  else if (type === 'DirectoryOrCreate' && !found?.isDirectory())
    throw new MountError(`hostPath type check failed: ${path} is not a directory`);
  else if (type === 'FileOrCreate' && !found?.isFile())
    throw new MountError(`hostPath type check failed: ${path} is not a file`);
  else if (checks[type] && !checks[type]())
    throw new MountError(`hostPath type check failed: ${path} is not a ${type}`);
  return path;
}

/** Memory file systems need the right to mount; without it the directory stays on disk. */
async function mountMemory(directory: string, sizeLimit: string | undefined): Promise<void> {
  if ((await mountPoints()).has(directory)) return;
  const size = sizeLimit && sizeLimit !== '0' ? `,size=${quantityValue(sizeLimit)}` : '';
  await run('mount', ['-t', 'tmpfs', '-o', `mode=0777${size}`, 'tmpfs', directory]).catch(() => undefined);
}

/** Removes a pod's directory with everything in it, never what a volume only points to. */
export async function removePodDirectory(podDirectory: string): Promise<void> {
  const inside = [...(await mountPoints())].filter((point) => point.startsWith(`${podDirectory}/`));
  // Deepest first. One that cannot be unmounted makes the removal fail below, with a reason.
  for (const point of inside.sort((a, b) => b.length - a.length))
    await run('umount', ['-l', point]).catch(() => undefined);
  await rm(podDirectory, { recursive: true, force: true });
}

export async function listPodDirectories(podsDirectory: string): Promise<string[]> {
  return readdir(podsDirectory).catch(() => []);
}

async function mountPoints(): Promise<Set<string>> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return new Set(table.split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' ')));
}
