import type { Volume } from 'kubernetes-types/core/v1';

/** Where what is in a volume comes from, in a few words. */
export function volumeInWords(volume: Volume): string {
  if (volume.emptyDir) {
    const limit = volume.emptyDir.sizeLimit ? `, at most ${volume.emptyDir.sizeLimit}` : '';
    return `empty at first, gone with the pod${volume.emptyDir.medium === 'Memory' ? ', in memory' : ''}${limit}`;
  }
  if (volume.hostPath) return `${volume.hostPath.path} of its node`;
  if (volume.projected) return 'put together from several sources';
  if (volume.downwardAPI) return 'what the pod knows of itself';
  if (volume.nfs) return `${volume.nfs.server}:${volume.nfs.path}`;
  const kind = Object.keys(volume).find((key) => key !== 'name');
  return kind ?? 'empty at first, gone with the pod';
}
