import { MAX_SCORE, type Plugin } from '../framework/plugin';
import type { NodeInfo } from '../snapshot/node-info';
import type { SnapshotView } from '../snapshot/snapshot';

const MIB = 1024 * 1024;
/** Below this many bytes an image is pulled before anyone notices. */
const LOW = 23 * MIB;
/** Beyond this much per container, more makes no difference. */
const HIGH_PER_CONTAINER = 1000 * MIB;

/** Prefers nodes that have the pod's images, by size and by how many nodes have them (so that none is overrun). */
export const imageLocality: Plugin = {
  name: 'ImageLocality',

  preScore({ pod, snapshot }) {
    const { containers = [], initContainers = [] } = pod.pod.spec ?? {};
    const images = [...initContainers, ...containers].map(({ image }) => normalized(image ?? ''));
    return images.some((image) => snapshot.nodesWithImage(image) > 0)
      ? { kind: 'score', state: images }
      : { kind: 'skip' };
  },

  score({ snapshot }, node, state) {
    const images = state as readonly string[]; // made by preScore above
    const sum = images.reduce((total, image) => total + weighted(image, node, snapshot), 0);
    const high = HIGH_PER_CONTAINER * images.length;
    const clamped = Math.min(Math.max(sum, LOW), high);
    return Math.floor((MAX_SCORE * (clamped - LOW)) / (high - LOW));
  },
};

function weighted(image: string, node: NodeInfo, snapshot: SnapshotView): number {
  const size = node.traits.images.get(image) ?? 0;
  return size === 0 ? 0 : Math.floor((size * snapshot.nodesWithImage(image)) / snapshot.nodes.length);
}

/** Nodes report names with a tag. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image;
}
