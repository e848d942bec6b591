import { randomUUID } from 'node:crypto';
import { ApiError, badRequest } from '@wheelhouse/shared/errors';
import { isObject } from '@wheelhouse/shared/meta/json';
import type { Status } from '@wheelhouse/shared/meta/object';
import type { AdmissionAttributes } from '../admission';
import { type RequestForm, requestValues } from '../matching/request-values';

const GROUP = 'admission.k8s.io';
/** The versions of AdmissionReview that this server sends; they look alike. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

/** A question to a webhook. */
export interface Review {
  readonly uid: string;
  readonly apiVersion: string;
  readonly body: object;
}

/** Throws Error for a webhook that understands no version which this server speaks. */
export function reviewOf(
  attributes: AdmissionAttributes,
  request: RequestForm,
  versions: readonly string[],
): Review {
  const version = versions.find((known) => REVIEW_VERSIONS.includes(known));
  if (!version) {
    throw new Error(`webhook does not accept known AdmissionReview versions (${REVIEW_VERSIONS.join(', ')})`);
  }
  const uid = randomUUID();
  const apiVersion = `${GROUP}/${version}`;
  const { object = null, oldObject = null } = request;
  return {
    uid,
    apiVersion,
    body: {
      kind: 'AdmissionReview',
      apiVersion,
      request: { uid, ...requestValues(attributes, request), object, oldObject },
    },
  };
}

/** What a webhook has said. */
export interface Verdict {
  readonly allowed: boolean;
  /** Why not, as far as it says. */
  readonly result: Partial<Status>;
  /** A JSON patch, still encoded. */
  readonly patch: string | undefined;
  readonly warnings: readonly string[];
  /** What it wants kept in the audit. */
  readonly annotations: readonly (readonly [key: string, value: string])[];
}

/** Reads an answer. Throws Error for what is none, which counts as a failed call. */
export function verdictOf(answer: unknown, { uid, apiVersion }: Review, mayPatch: boolean): Verdict {
  const review = isObject(answer) ? answer : {};
  const { response } = review;
  if (!isObject(response)) throw new Error('webhook response was absent');
  const patch = typeof response.patch === 'string' && response.patch !== '' ? response.patch : undefined;
  if (apiVersion === `${GROUP}/v1`) {
    if (response.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${text(response.uid)}"`);
    if (review.apiVersion !== apiVersion || review.kind !== 'AdmissionReview') {
      throw new Error(
        `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${text(review.apiVersion)}, Kind=${text(review.kind)}`,
      );
    }
    checkPatchType(patch, response.patchType, mayPatch);
  }
  const { status, warnings, auditAnnotations } = response;
  return {
    allowed: response.allowed === true,
    result: isObject(status) ? status : {},
    patch: mayPatch ? patch : undefined,
    warnings: Array.isArray(warnings) ? warnings.filter((warning) => typeof warning === 'string') : [],
    annotations: Object.entries(isObject(auditAnnotations) ? auditAnnotations : {}).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value] as const] : [],
    ),
  };
}

function checkPatchType(patch: string | undefined, type: unknown, mayPatch: boolean): void {
  const hasType = type !== undefined && type !== null;
  if (!mayPatch) {
    if (patch !== undefined) throw new Error('validating webhook may not return response.patch');
    if (hasType) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch === undefined) {
    if (hasType) throw new Error('webhook returned response.patchType but not response.patch');
    return;
  }
  if (!hasType) throw new Error('webhook returned response.patch but not response.patchType');
  if (type !== 'JSONPatch') throw new Error(`webhook returned invalid response.patchType of "${text(type)}"`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What a webhook's no is answered with. */
export function denial(name: string, result: Partial<Status>): ApiError {
  const { code, reason, message, details } = result;
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = message || reason;
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
    reason: reason ?? '',
    ...(isObject(details) ? { details } : {}),
    // A no is never told as a success.
    code: typeof code === 'number' && code >= 400 && code < 600 ? code : 400,
  });
}

export function dryRunUnsupported(name: string): ApiError {
  return badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
}
