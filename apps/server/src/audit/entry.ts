import type { Status } from '@wheelhouse/shared/meta/object';
import type { AuditRecord } from './audit-sink';
import type { AuditEntry as Row } from './generated/client';
import { type Change, diff, summarize } from './history';

export const AUDIT_GROUP = 'audit.wheelhouse.dev';
export const AUDIT_VERSION = 'v1';

/** One write, as the API and the console's History show it. */
export interface AuditEntry {
  readonly kind: 'AuditEntry';
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly creationTimestamp: string };
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly user: {
    readonly name: string;
    readonly groups: readonly string[];
    readonly impersonatedBy?: string;
  };
  readonly verb: string;
  readonly object: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly response: { readonly code: number; readonly status?: Status };
  readonly source: { readonly ip?: string; readonly userAgent?: string };
  /** What admission said of it: webhooks that changed it, policies that noted something. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** One line: `spec.replicas 3 → 8`. */
  readonly summary: string;
  readonly changes: readonly Change[];
  /** Whole objects, in the answer to a get alone. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export function toEntry(row: Row, options: { readonly objects: boolean }): AuditEntry {
  // A create and a delete have one side only: their summary says it all.
  const changes = row.before && row.after ? diff(row.before, row.after) : [];
  // Written by the sink out of a Status.
  const status = (row.responseStatus ?? undefined) as Status | undefined;
  return {
    kind: 'AuditEntry',
    apiVersion: `${AUDIT_GROUP}/${AUDIT_VERSION}`,
    metadata: { name: row.id, uid: row.id, creationTimestamp: `${row.time.toISOString().slice(0, 19)}Z` },
    time: row.time.toISOString(),
    user: {
      name: row.userName,
      groups: row.userGroups,
      ...(row.impersonatedBy ? { impersonatedBy: row.impersonatedBy } : {}),
    },
    verb: row.verb,
    object: {
      group: row.apiGroup,
      version: row.apiVersion,
      resource: row.resource,
      ...(row.subresource ? { subresource: row.subresource } : {}),
      ...(row.namespace ? { namespace: row.namespace } : {}),
      name: row.name,
      ...(row.uid ? { uid: row.uid } : {}),
      ...(row.resourceVersion ? { resourceVersion: row.resourceVersion } : {}),
    },
    response: { code: row.responseCode, ...(status ? { status } : {}) },
    source: {
      ...(row.sourceIp ? { ip: row.sourceIp } : {}),
      ...(row.userAgent ? { userAgent: row.userAgent } : {}),
    },
    // Written by the sink out of texts.
    ...(row.annotations ? { annotations: row.annotations as Record<string, string> } : {}),
    summary: summarize(
      {
        // Only recorded verbs are in the table.
        verb: row.verb as AuditRecord['verb'],
        ...(row.subresource ? { subresource: row.subresource } : {}),
        responseCode: row.responseCode,
        refusal: status?.message,
      },
      changes,
    ),
    changes,
    ...(options.objects && row.before ? { before: row.before } : {}),
    ...(options.objects && row.after ? { after: row.after } : {}),
  };
}
