import { badRequest } from '@wheelhouse/shared/errors';
import {
  MAX_PREVIEW_REPLICAS,
  type PlacementPreviewSpec,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';

const API_VERSION = `${SCHEDULING_GROUP}/${SCHEDULING_VERSION}`;

/** Checks the body's shape; throws BadRequest that names the field. */
export function parseSpec(body: unknown): PlacementPreviewSpec {
  const object = record(body, 'the body');
  if (object.kind !== 'PlacementPreview' || object.apiVersion !== API_VERSION) {
    throw badRequest(`the body must be a PlacementPreview of ${API_VERSION}`);
  }
  const spec = record(object.spec, 'spec');
  const subjects = [spec.workload, spec.template, spec.drain].filter((one) => one !== undefined);
  if (subjects.length !== 1) throw badRequest('spec: one of workload and template (or drain) is required');
  if (spec.drain !== undefined) {
    const { node } = record(spec.drain, 'spec.drain');
    return { drain: { node: text(node, 'spec.drain.node') } };
  }
  const counts = {
    ...(spec.replicas === undefined ? {} : { replicas: count(spec.replicas, 'spec.replicas') }),
    ...(spec.maximumProbe === undefined
      ? {}
      : { maximumProbe: count(spec.maximumProbe, 'spec.maximumProbe') }),
  };
  if (spec.workload === undefined) {
    const template = record(spec.template, 'spec.template');
    const podSpec = record(template.spec, 'spec.template.spec');
    if (!Array.isArray(podSpec.containers)) {
      throw badRequest('spec.template.spec.containers: must be a list');
    }
    // What else is wrong with it is found by the pod's own validation.
    return { ...counts, template: template as PlacementPreviewSpec['template'] & object };
  }
  const workload = record(spec.workload, 'spec.workload');
  return {
    ...counts,
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
