import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRangeLocal, mayAdministerNetwork, releaseRange } from '../../host/reachability';
import { dataplaneContract } from '../contract/dataplane-contract';
import type { RuleProblem } from '../dataplane';
import { NftablesDataplane } from './nftables-dataplane';

const RANGE = '10.213.77.0/24';

if (!mayAdministerNetwork()) {
  describe.skip('dataplane contract: nftables (needs CAP_NET_ADMIN)', () => {
    it('is not permitted here', () => undefined);
  });
} else {
  beforeAll(() => makeRangeLocal(RANGE));
  afterAll(() => releaseRange(RANGE));
  let tables = 0;
  const create = async () => {
    const problems: RuleProblem[] = [];
    const table = `wheelhouse-test-${process.pid}-${tables++}`;
    const dataplane = new NftablesDataplane({
      table,
      nodePortAddresses: ['10.213.77.2'],
      servesClusterIps: true,
      onProblem: (problem) => problems.push(problem),
    });
    return {
      dataplane,
      problems,
      serviceIp: '10.213.77.1',
      nodeIp: '10.213.77.2',
      backendIp: '10.213.77.3',
      close: () => dataplane.close(),
      table,
    };
  };
  dataplaneContract('nftables', create, {
    'passes over a backend that refuses': 'the kernel has chosen before anybody can refuse',
  });
  describe('NftablesDataplane', () => {
    it('leaves nothing behind', async () => {
      const subject = await create();
      await subject.dataplane.apply([]);
      expect(String(execFileSync('nft', ['list', 'tables']))).toContain(subject.table);
      await subject.close();
      expect(String(execFileSync('nft', ['list', 'tables']))).not.toContain(subject.table);
    });
  });
}
