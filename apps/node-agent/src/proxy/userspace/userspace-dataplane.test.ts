import { describe, expect, it } from 'vitest';
import { dataplaneContract } from '../contract/dataplane-contract';
import type { RuleProblem } from '../dataplane';
import { UserspaceDataplane } from './userspace-dataplane';

const create = async () => {
  const problems: RuleProblem[] = [];
  const dataplane = new UserspaceDataplane({
    nodePortAddresses: ['127.0.77.2'],
    servesClusterIps: true,
    onProblem: (problem) => problems.push(problem),
  });
  return {
    dataplane,
    problems,
    serviceIp: '127.0.77.1',
    nodeIp: '127.0.77.2',
    backendIp: '127.0.77.3',
    close: () => dataplane.close(),
  };
};

dataplaneContract('userspace', create);

describe('UserspaceDataplane', () => {
  it('reports a rule that cannot listen and carries out the others', async () => {
    const holder = await create();
    const subject = await create();
    const rule = (port: number) => ({
      id: `test/held:${port}/TCP`,
      protocol: 'TCP' as const,
      serviceIps: ['127.0.77.1'],
      port,
      nodePort: undefined,
      backends: [],
      externalBackends: [],
      affinitySeconds: undefined,
    });
    await holder.dataplane.apply([rule(18_100)]);
    await subject.dataplane.apply([rule(18_100), rule(18_101)]);
    expect(subject.problems.map((problem) => problem.ruleId)).toEqual(['test/held:18100/TCP']);
    expect(subject.problems[0]?.message).toContain('EADDRINUSE');
    await holder.close();
    await subject.dataplane.apply([rule(18_100), rule(18_101)]);
    expect(subject.problems).toHaveLength(1);
    await subject.close();
  });
});
