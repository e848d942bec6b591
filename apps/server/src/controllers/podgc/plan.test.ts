import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { judgePod, surplusFinished } from './plan';

interface Case {
  /** Each pod with its node (`-` for none), its phase and perhaps `going`. */
  readonly pods: Readonly<Record<string, string>>;
  /** Each node with `ready` or `unready`, and perhaps `out-of-service`. */
  readonly nodes?: Readonly<Record<string, string>>;
  readonly threshold?: number;
}

function podOf(name: string, text: string, age: number): Stored<Pod> {
  const [node = '-', phase = 'Running', going] = text.split(' ');
  const creationTimestamp = new Date(age * 1000).toISOString();
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      creationTimestamp,
      ...(going ? { deletionTimestamp: creationTimestamp } : {}),
    },
    spec: { containers: [], ...(node === '-' ? {} : { nodeName: node }) },
    status: { phase },
  };
}

function nodeOf(text: string): Node {
  const [state, taint] = text.split(' ');
  return {
    spec: taint ? { taints: [{ key: `node.kubernetes.io/${taint}`, effect: 'NoExecute' }] } : {},
    status: { conditions: [{ type: 'Ready', status: state === 'ready' ? 'True' : 'Unknown' }] },
  };
}

describe('pod garbage collection', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ pods, nodes = {}, threshold = 100 }) => {
    const all = Object.entries(pods).map(([name, text], index) => podOf(name, text, index));
    const known = new Map(Object.entries(nodes).map(([name, text]) => [name, nodeOf(text)]));
    const verdicts = all.map((pod) => [pod.metadata.name, judgePod(pod, (name) => known.get(name)).remove]);
    return {
      verdicts: Object.fromEntries(verdicts),
      surplus: surplusFinished(all, threshold).map(({ metadata }) => metadata.name),
    };
  });
});
