import { afterAll, beforeAll, describe } from 'vitest';
import { admissionWebhooks } from './areas/admission-webhooks';
import { apiBasics } from './areas/api-basics';
import { customResources } from './areas/custom-resources';
import { daemonSets } from './areas/daemon-sets';
import { deployments } from './areas/deployments';
import { garbageCollection } from './areas/garbage-collection';
import { jobs } from './areas/jobs';
import { publishedSchemas } from './areas/published-schemas';
import { quotas } from './areas/quotas';
import { replication } from './areas/replication';
import { scheduling, schedulingOneByOne } from './areas/scheduling';
import { statefulSets } from './areas/stateful-sets';
import { watchers } from './areas/watchers';
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
    admissionWebhooks();
    customResources();
    publishedSchemas();
    garbageCollection();
    quotas();
    apiBasics();
    watchers();
    replication();
    deployments();
    daemonSets();
    jobs();
    statefulSets();
    scheduling();
  });

  describe.sequential('one by one', () => {
    schedulingOneByOne();
  });
});
