import type { Client } from '@wheelhouse/shared/client/client';
import { badRequest, tooManyRequests } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import {
  type PlacementPreview,
  type PlacementPreviewSpec,
  type PlacementPreviewStatus,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { SchedulingExplanation } from '@wheelhouse/shared/scheduling/scheduling-explanation';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ApiRequest, SubresourceHandler, VirtualGroup } from '../http/extension';
import { sendJson } from '../http/respond';
import type { Scheduler } from './start-scheduler';
import { daemonSetSteps } from './what-if/daemon-set';
import { drainSteps } from './what-if/drain';
import { explain } from './what-if/explain';
import { parseSpec } from './what-if/parse-spec';
import { previewSteps } from './what-if/preview';
import { runSliced } from './what-if/run-sliced';
import { findWorkload } from './what-if/workload';

const API_VERSION = `${SCHEDULING_GROUP}/${SCHEDULING_VERSION}`;
const DEFAULT_PROBE = 500;
/** Previews at a time; more are asked to come back. A console asks one after the other. */
const MAX_RUNNING = 16;

const EXPLANATION = { subresource: 'schedulingexplanation', kind: 'SchedulingExplanation' } as const;

/** The API group of previews and explanations: what would happen if, and why. Reads workloads with the rights of `client`. */
export function schedulingGroup(scheduler: Scheduler, client: Pick<Client, 'get' | 'list'>): VirtualGroup {
  let running = 0;
  return {
    group: SCHEDULING_GROUP,
    version: SCHEDULING_VERSION,
    resources: [
      {
        plural: 'placementpreviews',
        singular: 'placementpreview',
        kind: 'PlacementPreview',
        namespaced: true,
        everywhere: true,
        async create(body, request) {
          if (running >= MAX_RUNNING) throw tooManyRequests('too many placement previews at a time', 1);
          running++;
          try {
            return await answerPreview(body, request, scheduler, client);
          } finally {
            running--;
          }
        },
      },
      {
        plural: podKind.plural,
        singular: '',
        kind: EXPLANATION.kind,
        namespaced: true,
        subresource: EXPLANATION.subresource,
        get: (_name, request) => answerExplanation(request, scheduler, client),
      },
    ],
  };
}

/** The explanation where the pod itself is: `GET /api/v1/namespaces/NS/pods/NAME/schedulingexplanation`. */
export function schedulingExplanation(scheduler: Scheduler, client: Pick<Client, 'get'>): SubresourceHandler {
  return {
    group: podKind.group,
    plural: podKind.plural,
    ...EXPLANATION,
    methods: ['GET'],
    async handle(request, _req, res) {
      sendJson(res, 200, await answerExplanation(request, scheduler, client));
    },
  };
}

async function answerExplanation(
  { resource }: ApiRequest,
  { core }: Scheduler,
  client: Pick<Client, 'get'>,
): Promise<SchedulingExplanation> {
  const { namespace = '', name = '' } = resource ?? {};
  const pod = await client.get(podKind, { namespace, name });
  return {
    apiVersion: API_VERSION,
    kind: EXPLANATION.kind,
    metadata: { namespace, name, uid: pod.metadata.uid },
    status: explain({
      pod,
      moment: core.fork(),
      framework: core.frameworkFor(pod),
      decided: core.scoresOf(pod.metadata.uid),
    }),
  };
}

async function answerPreview(
  body: unknown,
  request: ApiRequest,
  scheduler: Scheduler,
  client: Pick<Client, 'get' | 'list'>,
): Promise<PlacementPreview> {
  const spec = parseSpec(body);
  const namespace = request.resource?.namespace;
  if (!spec.drain) {
    if (namespace === undefined) throw badRequest('a preview of a workload needs the namespace in its path');
    const status = await previewWorkload(spec, namespace, scheduler, client);
    return { apiVersion: API_VERSION, kind: 'PlacementPreview', metadata: { namespace }, spec, status };
  }
  // The answer names pods of all namespaces, so whoever asks must have the right to ask about all of them.
  if (namespace !== undefined)
    throw badRequest('spec.drain: a node is in no namespace: leave it out of the path');
  const status = await previewDrain(spec.drain.node, scheduler, client);
  return { apiVersion: API_VERSION, kind: 'PlacementPreview', spec, status };
}

async function previewWorkload(
  spec: PlacementPreviewSpec,
  namespace: string,
  scheduler: Scheduler,
  client: Pick<Client, 'get' | 'list'>,
): Promise<PlacementPreviewStatus> {
  const workload = await findWorkload(spec, namespace, {
    client,
    podsOwnedBy: (uid) => scheduler.podsOwnedBy(uid),
  });
  const framework = scheduler.core.frameworkFor(workload.copy);
  if (!framework) {
    const other = workload.copy.spec?.schedulerName ?? '';
    throw badRequest(`pods of this workload are placed by the scheduler ${other}, which cannot be previewed`);
  }
  const moment = scheduler.core.fork();
  if (workload.isDaemonSet) return runSliced(daemonSetSteps({ ...workload, framework, moment }));
  const { replicas, maximumProbe = DEFAULT_PROBE } = spec;
  if (replicas === undefined) throw badRequest('spec.replicas: is required for this kind of workload');
  return runSliced(previewSteps({ ...workload, framework, moment, replicas, maximumProbe }));
}

async function previewDrain(
  node: string,
  scheduler: Scheduler,
  client: Pick<Client, 'get'>,
): Promise<PlacementPreviewStatus> {
  await client.get(nodeKind, { name: node }); // answers 404 for one that is not there
  const { core, handle } = scheduler;
  const age = ({ metadata }: Stored<Pod>) =>
    `${metadata.creationTimestamp ?? ''} ${metadata.namespace}/${metadata.name}`;
  const pods = scheduler.podsOn(node).toSorted((a, b) => (age(a) < age(b) ? -1 : 1));
  return runSliced(
    drainSteps({
      moment: core.fork(),
      node,
      pods,
      frameworkFor: (pod) => core.frameworkFor(pod),
      budgetsIn: (namespace) => handle.budgetsIn(namespace),
    }),
  );
}
