import { afterAll, beforeAll, describe } from 'vitest';
import { oneByOne, sideBySide } from './catalog';
import { type Cluster, startCluster, useCluster } from './support/suite';

/**
 * The behaviours of the public conformance suite, each under its name there, on one running cluster of three nodes.
 * Tests have namespaces of their own and run side by side; those that disturb nodes come after them, one by one.
 * docs/conformance.md tells which are covered and which are not.
 */
describe('conformance', () => {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster();
    useCluster(cluster);
  });
  afterAll(() => cluster?.stop());

  describe.concurrent('side by side', () => {
    for (const area of sideBySide) area();
  });

  describe.sequential('one by one', () => {
    for (const area of oneByOne) area();
  });
});
