import { accounts } from './areas/accounts';
import { admissionWebhooks } from './areas/admission-webhooks';
import { aggregation } from './areas/aggregation';
import { apiBasics } from './areas/api-basics';
import { apiOperations } from './areas/api-operations';
import { applications } from './areas/applications';
import { configVolumes } from './areas/config-volumes';
import { containers } from './areas/containers';
import { customResources } from './areas/custom-resources';
import { daemonSets } from './areas/daemon-sets';
import { deployments } from './areas/deployments';
import { dns } from './areas/dns';
import { downwardVolumes } from './areas/downward-volumes';
import { emptyDirs } from './areas/empty-dirs';
import { garbageCollection } from './areas/garbage-collection';
import { hooks } from './areas/hooks';
import { initContainers } from './areas/init-containers';
import { jobs } from './areas/jobs';
import { kubectl } from './areas/kubectl';
import { networking } from './areas/networking';
import { pods } from './areas/pods';
import { probes } from './areas/probes';
import { publishedSchemas } from './areas/published-schemas';
import { quotas } from './areas/quotas';
import { replication } from './areas/replication';
import { scheduling, schedulingOneByOne } from './areas/scheduling';
import { services } from './areas/services';
import { statefulSets } from './areas/stateful-sets';
import { subPaths } from './areas/sub-paths';
import { taints } from './areas/taints';
import { variables } from './areas/variables';
import { watchers } from './areas/watchers';

/** Areas whose tests run side by side, those with the longest waits first. */
export const sideBySide: readonly (() => void)[] = [
  probes,
  containers,
  services,
  replication,
  deployments,
  daemonSets,
  jobs,
  statefulSets,
  scheduling,
  applications,
  kubectl,
  admissionWebhooks,
  customResources,
  publishedSchemas,
  aggregation,
  garbageCollection,
  quotas,
  networking,
  initContainers,
  hooks,
  pods,
  variables,
  configVolumes,
  downwardVolumes,
  emptyDirs,
  subPaths,
  dns,
  apiOperations,
  accounts,
  apiBasics,
  watchers,
];

/** Areas whose tests disturb whole nodes. */
export const oneByOne: readonly (() => void)[] = [schedulingOneByOne, taints];
