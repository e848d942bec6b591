import type { KubeObject, Status } from '@wheelhouse/shared/meta/object';
import type { AuditRecord } from './audit-sink';

const REDACTED = '(redacted)';
const CHANGED = '(redacted, changed)';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? // An object that is no array can be read by name.
      (value as Fields)
    : undefined;
}

/** What is kept of a record's objects: no managedFields, and no secret. Nothing else leaves memory. */
export function redact(
  record: AuditRecord,
): Pick<AuditRecord, 'before' | 'after' | 'responseStatus' | 'annotations'> {
  const { before, after, responseStatus, annotations } = record;
  const secret = record.resource === 'secrets' && record.group === '';
  return {
    ...(before ? { before: clean(before, secret ? undefined : false) } : {}),
    ...(after ? { after: clean(after, secret ? before : false) } : {}),
    ...(responseStatus ? { responseStatus: secret ? withoutValues(responseStatus) : responseStatus } : {}),
    ...(annotations ? { annotations: secret ? hidden(annotations) : annotations } : {}),
  };
}

/** `previous`: false for an object without secrets, otherwise what its values are compared with. */
function clean(object: KubeObject, previous: KubeObject | undefined | false): KubeObject {
  let result: Fields = { ...object };
  if (object.metadata?.managedFields) {
    const { managedFields: _, ...metadata } = object.metadata;
    result = { ...result, metadata };
  }
  if (previous !== false || object.kind === 'Secret') {
    result = redactSecret(result, previous === false ? undefined : previous);
  }
  // Requests for tokens and reviews of them carry the token itself.
  if (object.kind === 'TokenRequest') result = replaceIn(result, 'status', 'token');
  if (object.kind === 'TokenReview') result = replaceIn(result, 'spec', 'token');
  // Only fields that KubeObject does not know were replaced, and metadata by itself without a part.
  return result as KubeObject;
}

function redactSecret(secret: Fields, previous: KubeObject | undefined): Fields {
  const result: Record<string, unknown> = { ...secret };
  const before = fields(previous);
  for (const name of ['data', 'stringData']) {
    const values = fields(secret[name]);
    if (!values) continue;
    const old = fields(before?.[name]);
    result[name] = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        old && Object.hasOwn(old, key) && old[key] !== value ? CHANGED : REDACTED,
      ]),
    );
  }
  const metadata = fields(secret.metadata);
  const annotations = fields(metadata?.annotations);
  if (annotations && LAST_APPLIED in annotations) {
    result.metadata = { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: REDACTED } };
  }
  return result;
}

function replaceIn(object: Fields, part: string, field: string): Fields {
  const inner = fields(object[part]);
  return inner && field in inner ? { ...object, [part]: { ...inner, [field]: REDACTED } } : object;
}

/** Who says something may quote what it has seen. */
function hidden(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(annotations).map((key) => [key, REDACTED]));
}

/** Validation messages repeat the values that they refuse. */
function withoutValues(status: Status): Status {
  const { message: _, details, ...rest } = status;
  const causes = details?.causes?.map(({ reason, field }) => ({
    ...(reason ? { reason } : {}),
    ...(field ? { field } : {}),
  }));
  return {
    ...rest,
    message: REDACTED,
    ...(details ? { details: { ...details, ...(causes ? { causes } : {}) } } : {}),
  };
}
