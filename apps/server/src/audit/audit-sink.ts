import type { KubeObject, Status } from '@wheelhouse/shared/meta/object';

/** One change that went through the API, as the request pipeline saw it. */
export interface AuditRecord {
  readonly id: string;
  readonly time: Date;
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly impersonatedBy?: string;
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'bind' | 'evict';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  /** Frozen; undefined where there was none (create) or is none (delete). Secrets are redacted by the sink. */
  readonly before?: KubeObject;
  readonly after?: KubeObject;
  /** What admission has said of the request, by keys that begin with who said it. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly responseCode: number;
  /** For refused writes: the Status that was answered. */
  readonly responseStatus?: Status;
  readonly resourceVersion?: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
}

/**
 * Where the API reports every change. `record` returns at once and never throws: order is kept per object,
 * a slow or absent database holds nobody up, and what cannot be written yet is kept on disk until it can.
 */
export interface AuditSink {
  record(record: AuditRecord): void;
  /** Resolves when everything recorded before the call can be queried. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
