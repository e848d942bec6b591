import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import { badRequest, invalid } from '@wheelhouse/shared/errors';
import { decodeType } from '@wheelhouse/shared/meta/decode';
import { type FieldErrorReason, forbidden, notSupported } from '@wheelhouse/shared/meta/field-error';
import type { JsonObject } from '@wheelhouse/shared/meta/json';
import type { IncludeObject } from './presentation';
import { dryRunOf } from './write-options';

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

function refuse(kind: string, field: string, reason: FieldErrorReason, message: string) {
  return invalid({ group: 'meta.k8s.io', kind, name: '' }, [{ reason, field, message }]);
}

export function includeObjectOf(value: string | null): IncludeObject {
  if (value === null || value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'Object' || value === 'None') return value;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}

/** A whole number parameter; undefined when absent. */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const problem = !/^[+-]?\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt.asIntN(64, BigInt(text)) === BigInt(text)
      ? undefined
      : 'value out of range';
  if (problem) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${problem}`);
  return Number(text);
}

/** A switch: `0` and `false` are off, whatever else is said turns it on. Undefined when nothing is said. */
export function flagOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text !== '0' && text.toLowerCase() !== 'false';
}

export type FullDeleteOptions = DeleteOptions & { readonly orphanDependents?: boolean };

const NO_QUERY = new URLSearchParams();

/**
 * What a DELETE asks for: its body alone where it has one, otherwise its query. Only a dry run counts wherever it is
 * asked for: nobody who says so wants to lose the object.
 */
export function deleteOptionsOf(
  body: unknown,
  asked: URLSearchParams,
): { options: FullDeleteOptions; dryRun: boolean } {
  const sent: JsonObject = body === undefined || body === null ? {} : decodeDeleteOptions(body);
  const query = body === undefined ? asked : NO_QUERY;
  const dryRun = dryRunOf(
    [...(Array.isArray(sent.dryRun) ? sent.dryRun.map(String) : []), ...asked.getAll('dryRun')],
    'DeleteOptions',
  );
  const grace = numberOf(query, 'gracePeriodSeconds') ?? sent.gracePeriodSeconds;
  const policy = query.get('propagationPolicy') ?? sent.propagationPolicy;
  const orphan = flagOf(query, 'orphanDependents') ?? sent.orphanDependents;
  if (policy !== undefined && policy !== null) {
    if (typeof orphan === 'boolean') {
      throw refuse(
        'DeleteOptions',
        'propagationPolicy',
        'FieldValueInvalid',
        `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
      );
    }
    if (policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
      throw refuse(
        'DeleteOptions',
        'propagationPolicy',
        'FieldValueNotSupported',
        `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
      );
    }
  }
  // The schema has checked the types of what the body says.
  const preconditions = (sent.preconditions ??
    askedPreconditions(query)) as FullDeleteOptions['preconditions'];
  return {
    dryRun,
    options: {
      ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
      ...(policy === 'Foreground' || policy === 'Background' || policy === 'Orphan'
        ? { propagationPolicy: policy }
        : {}),
      ...(typeof orphan === 'boolean' ? { orphanDependents: orphan } : {}),
      ...(preconditions ? { preconditions } : {}),
    },
  };
}

/** A query may name the very object, or its revision, that is to go. */
function askedPreconditions(query: URLSearchParams): JsonObject | undefined {
  const uid = query.get('uid');
  const resourceVersion = query.get('resourceVersion');
  if (!uid && !resourceVersion) return undefined;
  return { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
}

/** All groups have delete options of their own, which are the same. */
function decodeDeleteOptions(body: unknown): JsonObject {
  const { object } = decodeType(DELETE_OPTIONS, body);
  const { kind } = object;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`${String(kind)} cannot be handled as a DeleteOptions: the kind does not match`);
  }
  return object;
}

/** The rules that a list's parameters have among each other, beyond those of revisions. */
export function checkListOptions(query: URLSearchParams): void {
  numberOf(query, 'timeoutSeconds');
  numberOf(query, 'limit');
  if (query.get('sendInitialEvents') === null) return;
  throw refuse(
    'ListOptions',
    'sendInitialEvents',
    'FieldValueForbidden',
    'Forbidden: sendInitialEvents is forbidden for list',
  );
}

/** The rules that a watch's parameters have among each other. */
export function checkWatchOptions(query: URLSearchParams): { sendInitialEvents: boolean | undefined } {
  const sendInitialEvents = flagOf(query, 'sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (sendInitialEvents === undefined) {
    if (match !== '') {
      const field = 'resourceVersionMatch';
      throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, [
        forbidden(field, `${field} is forbidden for watch unless sendInitialEvents is provided`),
        ...(match === 'Exact' || match === 'NotOlderThan'
          ? []
          : [notSupported(field, match, ['NotOlderThan'])]),
      ]);
    }
    return { sendInitialEvents };
  }
  if (match !== 'NotOlderThan') {
    throw refuse(
      'ListOptions',
      'resourceVersionMatch',
      match === '' ? 'FieldValueForbidden' : 'FieldValueNotSupported',
      match === ''
        ? 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
        : `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`,
    );
  }
  return { sendInitialEvents };
}
