import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors';
import { decode } from '../meta/decode';
import type { FieldError } from '../meta/field-error';
import { isObject, type JsonObject } from '../meta/json';
import type { KindDefinition } from '../meta/kind';
import { validateObjectMeta } from '../meta/validation';
import { haveFacts, listFacts, readJsonFact } from '../testing/facts';
import { allKinds } from './all';

// biome-ignore lint/suspicious/noTemplateCurlyInString: the recordings' own placeholder
const NAMESPACE = '${ns}';

/**
 * Creates everything that the recorded scenarios create, without a server: each kind must refuse what a real API
 * server refused, for the same fields and reasons, and take what it took.
 */
interface Step {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
}

interface Case {
  readonly title: string;
  readonly kind: KindDefinition;
  readonly body: JsonObject;
  readonly status: number;
  readonly causes: string[];
}

/** What other rooms decide: allocation of addresses and ports, admission, the registry. */
const ELSEWHERE = new Set([
  'svc-invalid/clusterip-range',
  'svc-invalid/nodeport-range',
  'pod-invalid-spec2/priority-class',
  // Needs the evaluators that the server has: the custom resources' own definition of the kind.
  'crd-definition/bad-default',
]);

function kindAt(path: string): KindDefinition | undefined {
  return allKinds.find((kind) => {
    const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
    return path === `${root}${kind.namespaced ? `/namespaces/${NAMESPACE}` : ''}/${kind.plural}`;
  });
}

const REASONS: Record<string, string> = {
  FieldValueTypeInvalid: 'FieldValueInvalid',
  FieldValueTooLong: 'FieldValueInvalid',
  FieldValueTooMany: 'FieldValueInvalid',
};
const causeOf = (cause: { field?: unknown; reason?: unknown }) => {
  const field = String(cause.field).replace('LoadBalancerSourceRanges', 'loadBalancerSourceRanges');
  return `${field}|${REASONS[String(cause.reason)] ?? String(cause.reason)}`;
};

function cases(): Case[] {
  const result: Case[] = [];
  for (const file of listFacts('golden/cases')) {
    const scenarios = readJsonFact(`golden/cases/${file}`) as { id: string; steps: Step[] }[];
    for (const { id, steps } of scenarios) {
      const recorded = readJsonFact(`golden/recorded/${id}.json`) as {
        steps: { id: string; status: number; body: unknown }[];
      };
      for (const step of steps) {
        const kind = kindAt(step.path);
        const answer = recorded.steps.find((candidate) => candidate.id === step.id);
        if (step.method !== 'POST' || !kind || !answer || !isObject(step.body)) continue;
        const title = `${id}/${step.id}`;
        if (ELSEWHERE.has(title) || ![201, 400, 422].includes(answer.status)) continue;
        const details = isObject(answer.body) && isObject(answer.body.details) ? answer.body.details : {};
        const causes = Array.isArray(details.causes) ? details.causes.map(causeOf) : [];
        result.push({
          title,
          kind,
          body: step.body,
          status: answer.status,
          causes: [...new Set(causes)].sort(),
        });
      }
    }
  }
  return result;
}

function create({ kind, body }: Case): { status: number; causes: string[] } {
  let object: ReturnType<typeof decode>['object'];
  try {
    object = decode(kind, body).object;
  } catch (error) {
    if (error instanceof ApiError) return { status: error.code, causes: [] };
    throw error;
  }
  // The registry gives every new object its uid before it asks the kind.
  const metadata = { uid: '00000000-0000-4000-8000-000000000000', ...object.metadata };
  object.metadata = metadata;
  if (kind.namespaced) metadata.namespace ??= 'ns';
  if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}x`;
  kind.default?.(object);
  kind.prepareForCreate?.(object, { now: new Date() });
  const errors: FieldError[] = [
    ...validateObjectMeta(kind, metadata),
    ...(kind.validate?.(object) ?? []),
    ...(kind.validateCreate?.(object) ?? []),
  ];
  return {
    status: errors.length > 0 ? 422 : 201,
    causes: [...new Set(errors.map(causeOf))].sort(),
  };
}

/** Placeholders of the recordings, with values that are valid names. */
function filled(body: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(body).replaceAll(NAMESPACE, 'ns'));
}

describe.skipIf(!haveFacts)('creating what a real server was asked to create', () => {
  it.each(cases())('$title', (golden) => {
    const { status, causes } = create({ ...golden, body: filled(golden.body) });
    expect({ status, causes }).toEqual({ status: golden.status, causes: golden.causes });
  });
});
