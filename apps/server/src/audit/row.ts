import type { AuditRecord } from './audit-sink';
import { redact } from './redact';

/** Bytes that an indexed text may have: several of them must fit into one index entry of PostgreSQL (2.7 KB). */
const LONGEST_INDEXED = 400;
const LONGEST_TEXT = 2000;

/**
 * One record as the line of JSON that is spooled and inserted; its names are those of the table's columns.
 * Redacted, and free of what PostgreSQL cannot store.
 */
export function toRow(record: AuditRecord): string {
  const { before, after, responseStatus, annotations } = redact(record);
  return storable(
    JSON.stringify({
      id: record.id,
      time: record.time.toISOString(),
      user_name: cut(record.user.name, LONGEST_INDEXED),
      user_groups: record.user.groups.map((group) => cut(group, LONGEST_INDEXED)),
      impersonated_by: record.impersonatedBy && cut(record.impersonatedBy, LONGEST_INDEXED),
      verb: record.verb,
      api_group: record.group,
      api_version: record.version,
      resource: record.resource,
      subresource: record.subresource,
      namespace: record.namespace && cut(record.namespace, LONGEST_INDEXED),
      name: cut(record.name, LONGEST_INDEXED),
      uid: record.uid && cut(record.uid, LONGEST_INDEXED),
      before,
      after,
      response_code: record.responseCode,
      response_status: responseStatus,
      resource_version: record.resourceVersion,
      source_ip: record.sourceIp,
      annotations,
      user_agent: record.userAgent && cut(record.userAgent, LONGEST_TEXT),
    }),
  );
}

/** The same row without its objects: what remains of one that the database refuses. */
export function withoutObjects(row: string): string {
  const { before: _before, after: _after, response_status: _status, ...rest } = JSON.parse(row);
  return JSON.stringify(rest);
}

/**
 * PostgreSQL's jsonb takes neither U+0000 nor half a surrogate pair; JSON.stringify writes both as escapes.
 * Escapes are read from the left, so that an escaped backslash is not taken for the start of one.
 */
function storable(json: string): string {
  if (!json.includes('\\u')) return json;
  return json.replace(/\\(?:u([0-9a-f]{4})|.)/g, (whole, code: string | undefined) =>
    code === '0000' || (code !== undefined && /^d[89a-f]/.test(code)) ? '\\ufffd' : whole,
  );
}

function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text).subarray(0, bytes).toString('utf8').replace(/�+$/, '');
}
