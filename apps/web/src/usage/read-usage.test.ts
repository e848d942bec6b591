import { describe, expect, it } from 'vitest';
import { nodeUsages, podUsage } from './read-usage';

describe('what is used now', () => {
  it('is read from a list of nodes; what cannot be read is left out', () => {
    const list = {
      items: [
        { metadata: { name: 'node-1' }, usage: { cpu: '250000000n', memory: '128Mi' } },
        { metadata: { name: 'node-2' }, usage: { cpu: 'much', memory: '1' } },
        { metadata: { name: 'node-3' } },
      ],
    };
    expect(nodeUsages(list)).toEqual(new Map([['node-1', { cpu: 250, memory: 128 * 1024 * 1024 }]]));
    expect(nodeUsages('nothing')).toEqual(new Map());
  });

  it('is the sum of a pod, and unknown without containers', () => {
    const containers = [{ usage: { cpu: '100m', memory: '1Ki' } }, { usage: { cpu: '50m', memory: '1Ki' } }];
    expect(podUsage({ containers })).toEqual({ cpu: 150, memory: 2048 });
    expect(podUsage({ containers: [] })).toBeUndefined();
  });
});
