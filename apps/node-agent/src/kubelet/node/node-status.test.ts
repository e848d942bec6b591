import { expect, test } from 'vitest';
import { computeNodeStatus, type NodeStatusInput } from './node-status';

const input = (previous: NodeStatusInput['previous']): NodeStatusInput => ({
  nodeName: 'node-1',
  nodeIp: '10.0.0.1',
  capacity: { cpu: '4', memory: '8Gi', pods: '110' },
  facts: {
    hostname: 'node-1',
    cpus: 4,
    memoryBytes: 2 ** 33,
    diskBytes: 2 ** 36,
    info: {
      architecture: 'amd64',
      bootID: '',
      kernelVersion: '',
      machineID: '',
      operatingSystem: 'linux',
      osImage: '',
      systemUUID: '',
    },
  },
  load: { memoryAvailableBytes: 2 ** 32, diskAvailableBytes: 2 ** 35, diskBytes: 2 ** 36 },
  runtimeVersion: 'simulated://1',
  version: 'v1',
  problem: undefined,
  images: [],
  previous,
  now: new Date(0),
});

test('extended resources that others say the node has are offered to pods, and no longer once they are gone', () => {
  const own = { cpu: '4', memory: '8Gi', pods: '110' };
  const capacity = { cpu: '2', 'example.com/gpu': '3', 'kubernetes.io/odd': '1' };
  const status = computeNodeStatus(input({ capacity }));
  expect(status.capacity).toEqual({ ...own, 'example.com/gpu': '3' });
  expect(status.allocatable).toEqual({ ...own, 'example.com/gpu': '3' });
  const later = computeNodeStatus(input({ capacity: own, allocatable: status.allocatable ?? {} }));
  expect(later.allocatable).toEqual(own);
});
