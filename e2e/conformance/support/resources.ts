import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from 'kubernetes-types/admissionregistration/v1';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
} from 'kubernetes-types/apps/v1';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2';
import type { CronJob, Job } from 'kubernetes-types/batch/v1';
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1';
import type { Lease } from 'kubernetes-types/coordination/v1';
import type {
  ConfigMap,
  Endpoints,
  LimitRange,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  Event as V1Event,
} from 'kubernetes-types/core/v1';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import type { Event as EventsEvent } from 'kubernetes-types/events/v1';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';
import type { Ingress, IngressClass } from 'kubernetes-types/networking/v1';
import type { RuntimeClass } from 'kubernetes-types/node/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import type { PriorityClass } from 'kubernetes-types/scheduling/v1';

/** The kinds that the suite speaks of, by the resource names of their URLs. */
export interface Kinds {
  pods: Pod;
  podtemplates: PodTemplate;
  configmaps: ConfigMap;
  secrets: Secret;
  services: Service;
  endpoints: Endpoints;
  events: V1Event;
  limitranges: LimitRange;
  resourcequotas: ResourceQuota;
  serviceaccounts: ServiceAccount;
  replicationcontrollers: ReplicationController;
  persistentvolumeclaims: PersistentVolumeClaim;
  namespaces: Namespace;
  nodes: Node;
  deployments: Deployment;
  replicasets: ReplicaSet;
  statefulsets: StatefulSet;
  daemonsets: DaemonSet;
  controllerrevisions: ControllerRevision;
  jobs: Job;
  cronjobs: CronJob;
  leases: Lease;
  endpointslices: EndpointSlice;
  'events.events.k8s.io': EventsEvent;
  ingresses: Ingress;
  ingressclasses: IngressClass;
  runtimeclasses: RuntimeClass;
  priorityclasses: PriorityClass;
  poddisruptionbudgets: PodDisruptionBudget;
  horizontalpodautoscalers: HorizontalPodAutoscaler;
  certificatesigningrequests: CertificateSigningRequest;
  customresourcedefinitions: CustomResourceDefinition;
  mutatingwebhookconfigurations: MutatingWebhookConfiguration;
  validatingwebhookconfigurations: ValidatingWebhookConfiguration;
}

export type Resource = keyof Kinds;

/** What the server has stored has a name, a uid and a revision. */
export type Stored<T> = T & {
  metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string };
};

/** Where resources live that are not of the core group. */
const groups: Partial<Record<Resource, string>> = {
  deployments: 'apps/v1',
  replicasets: 'apps/v1',
  statefulsets: 'apps/v1',
  daemonsets: 'apps/v1',
  controllerrevisions: 'apps/v1',
  jobs: 'batch/v1',
  cronjobs: 'batch/v1',
  leases: 'coordination.k8s.io/v1',
  endpointslices: 'discovery.k8s.io/v1',
  'events.events.k8s.io': 'events.k8s.io/v1',
  ingresses: 'networking.k8s.io/v1',
  ingressclasses: 'networking.k8s.io/v1',
  runtimeclasses: 'node.k8s.io/v1',
  priorityclasses: 'scheduling.k8s.io/v1',
  poddisruptionbudgets: 'policy/v1',
  horizontalpodautoscalers: 'autoscaling/v2',
  certificatesigningrequests: 'certificates.k8s.io/v1',
  customresourcedefinitions: 'apiextensions.k8s.io/v1',
  mutatingwebhookconfigurations: 'admissionregistration.k8s.io/v1',
  validatingwebhookconfigurations: 'admissionregistration.k8s.io/v1',
};

/** The URL path of a collection, or of one of its objects. */
export function pathOf(resource: Resource, namespace: string | undefined, ...rest: string[]): string {
  const group = groups[resource];
  return [
    group ? `/apis/${group}` : '/api/v1',
    ...(namespace ? ['namespaces', namespace] : []),
    resource.split('.')[0],
    ...rest,
  ].join('/');
}
