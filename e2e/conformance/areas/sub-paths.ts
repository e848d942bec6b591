import type { Volume } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformances } from '../support/suite';

interface SubPathCase {
  readonly volume: Volume;
  /** The file in the volume, and where the container has it. */
  readonly subPath: string;
  readonly mountPath?: string;
  readonly content: string;
}

const NAME = '[sig-storage] Subpath Atomic writer volumes should support subpaths with';
const podName = { path: 'podname', fieldRef: { fieldPath: 'metadata.name' } };

/** One file out of a volume whose files are written as a whole. */
export function subPaths(): void {
  const map: Volume = { name: 'data', configMap: { name: 'map' } };
  conformances<SubPathCase>(
    {
      [`${NAME} configmap pod [LinuxOnly] [Conformance]`]: {
        volume: map,
        subPath: 'map-key',
        content: 'map-value',
      },
      [`${NAME} configmap pod with mountPath of existing file [LinuxOnly] [Conformance]`]: {
        volume: map,
        subPath: 'map-key',
        mountPath: '/etc/passwd',
        content: 'map-value',
      },
      [`${NAME} downward pod [LinuxOnly] [Conformance]`]: {
        volume: { name: 'data', downwardAPI: { items: [podName] } },
        subPath: 'podname',
        content: 'sub-path',
      },
      [`${NAME} projected pod [LinuxOnly] [Conformance]`]: {
        volume: {
          name: 'data',
          projected: { sources: [{ downwardAPI: { items: [podName] } }, { configMap: { name: 'map' } }] },
        },
        subPath: 'map-key',
        content: 'map-value',
      },
      [`${NAME} secret pod [LinuxOnly] [Conformance]`]: {
        volume: { name: 'data', secret: { secretName: 'hidden' } },
        subPath: 'secret-key',
        content: 'secret-value',
      },
    },
    async ({ space, pods }, { volume, subPath, mountPath = '/test/file', content }) => {
      await space.create('configmaps', { metadata: { name: 'map' }, data: { 'map-key': 'map-value' } });
      const stringData = { 'secret-key': 'secret-value' };
      await space.create('secrets', { metadata: { name: 'hidden' }, stringData });
      const script = `i=0; while [ $i -lt 20 ]; do cat ${mountPath} || exit 1; i=$((i+1)); done`;
      const { pod, log } = await space.run(
        pods.once('sub-path', script, {
          volumes: [volume],
          container: { volumeMounts: [{ name: 'data', mountPath, subPath, readOnly: true }] },
        }),
      );
      expect(pod.status?.phase).toBe('Succeeded');
      expect(log).toBe(content.repeat(20));
    },
  );
}
