import type { Client } from '@wheelhouse/shared/client/client';
import { badRequest, methodNotAllowed, tooManyRequests } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import {
  MAX_PREVIEW_REPLICAS,
  type PlacementPreview,
  type PlacementPreviewSpec,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { SchedulingExplanation } from '@wheelhouse/shared/scheduling/scheduling-explanation';
import type { ApiRequest, SubresourceHandler, VirtualGroup } from '../http/extension';
import { sendJson } from '../http/respond';
import type { Scheduler } from './start-scheduler';
import { explain } from './what-if/explain';
import { previewSteps } from './what-if/preview';
import { runSliced } from './what-if/run-sliced';
import { findWorkload } from './what-if/workload';

const API_VERSION = `${SCHEDULING_GROUP}/${SCHEDULING_VERSION}`;
const DEFAULT_PROBE = 500;
/** Previews at a time; more are asked to come back. A console asks one after the other. */
const MAX_RUNNING = 16;

/** The API group of previews: what would happen if. Reads workloads with the rights of `client`. */
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
    ],
  };
}

/** `GET …/pods/NAME/schedulingexplanation`. */
export function schedulingExplanation(scheduler: Scheduler, client: Pick<Client, 'get'>): SubresourceHandler {
  return {
    group: podKind.group,
    plural: podKind.plural,
    subresource: 'schedulingexplanation',
    async handle(request, _req, res) {
      if (request.method !== 'GET') throw methodNotAllowed();
      const { namespace = '', name = '' } = request.resource ?? {};
      const pod = await client.get(podKind, { namespace, name });
      const { core } = scheduler;
      const answer: SchedulingExplanation = {
        apiVersion: API_VERSION,
        kind: 'SchedulingExplanation',
        metadata: { namespace, name, uid: pod.metadata.uid },
        status: explain({
          pod,
          moment: core.fork(),
          framework: core.frameworkFor(pod),
          decided: core.scoresOf(pod.metadata.uid),
        }),
      };
      sendJson(res, 200, answer);
    },
  };
}

async function answerPreview(
  body: unknown,
  request: ApiRequest,
  scheduler: Scheduler,
  client: Pick<Client, 'get' | 'list'>,
): Promise<PlacementPreview> {
  const namespace = request.resource?.namespace ?? '';
  const spec = parseSpec(body);
  const workload = await findWorkload(spec, namespace, {
    client,
    podsOwnedBy: (uid) => scheduler.podsOwnedBy(uid),
  });
  const framework = scheduler.core.frameworkFor(workload.copy);
  if (!framework) {
    const other = workload.copy.spec?.schedulerName ?? '';
    throw badRequest(`pods of this workload are placed by the scheduler ${other}, which cannot be previewed`);
  }
  const status = await runSliced(
    previewSteps({
      ...workload,
      framework,
      moment: scheduler.core.fork(),
      replicas: spec.replicas,
      maximumProbe: spec.maximumProbe ?? DEFAULT_PROBE,
    }),
  );
  return { apiVersion: API_VERSION, kind: 'PlacementPreview', metadata: { namespace }, spec, status };
}

/** Checks the body's shape; throws BadRequest that names the field. */
export function parseSpec(body: unknown): PlacementPreviewSpec {
  const object = record(body, 'the body');
  if (object.kind !== 'PlacementPreview' || object.apiVersion !== API_VERSION) {
    throw badRequest(`the body must be a PlacementPreview of ${API_VERSION}`);
  }
  const spec = record(object.spec, 'spec');
  const replicas = count(spec.replicas, 'spec.replicas');
  const probe =
    spec.maximumProbe === undefined ? {} : { maximumProbe: count(spec.maximumProbe, 'spec.maximumProbe') };
  if ((spec.workload === undefined) === (spec.template === undefined)) {
    throw badRequest('spec: one of workload and template is required');
  }
  if (spec.workload === undefined) {
    const template = record(spec.template, 'spec.template');
    const podSpec = record(template.spec, 'spec.template.spec');
    if (!Array.isArray(podSpec.containers)) {
      throw badRequest('spec.template.spec.containers: must be a list');
    }
    // What else is wrong with it is found by the pod's own validation.
    return { replicas, ...probe, template: template as PlacementPreviewSpec['template'] & object };
  }
  const workload = record(spec.workload, 'spec.workload');
  return {
    replicas,
    ...probe,
    workload: {
      group: text(workload.group ?? '', 'spec.workload.group'),
      kind: text(workload.kind, 'spec.workload.kind'),
      name: text(workload.name, 'spec.workload.name'),
    },
  };
}

function record(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`${field}: must be an object`);
  }
  // An object, as just seen; its members are checked one by one.
  return value as Readonly<Record<string, unknown>>;
}

function count(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_PREVIEW_REPLICAS) {
    throw badRequest(`${field}: must be a whole number from 0 to ${MAX_PREVIEW_REPLICAS}`);
  }
  return value;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length > 253) throw badRequest(`${field}: must be a text`);
  return value;
}
