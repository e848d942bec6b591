import type { KubeObject, Status } from '@wheelhouse/shared/meta/object';
import type { UserInfo } from '../http/extension';
import type { Entry } from './entry';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What every operation of the registry is told about the request that asks for it. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly impersonatedBy?: string | undefined;
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Collects texts for Warning headers. */
  readonly warnings: string[];
  /** Collects what admission says of the request for the audit, by key. */
  annotations?: Record<string, string>;
  /** What strict field validation refuses in the text of the body, whatever kind it is of. */
  readonly bodyProblems?: string[];
  /** How much was sent; see `pause`. */
  bodyBytes?: number;
  readonly sourceIp?: string | undefined;
  readonly userAgent?: string | undefined;
  /** In whose name fields are owned; default: after the user agent. Needed to apply. */
  readonly fieldManager?: string | undefined;
  /** An apply takes fields over from others instead of failing. */
  readonly force?: boolean | undefined;
  /** Asked before an apply creates what is not there. Throws Forbidden. */
  readonly mayCreate?: (() => void | Promise<void>) | undefined;
}

/** Which object; `namespace` is undefined for cluster-scoped kinds. */
export interface Ref {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The result of a write. */
export interface WriteOutcome {
  readonly before: Entry | undefined;
  /** What stands there now; undefined after a removal. A dry run's entry was never stored. */
  readonly after: Entry | undefined;
  /** What to answer with: an entry's bytes, or a Status. */
  readonly answer: Entry | Status;
  readonly created: boolean;
}

/**
 * What the server does around the writes of one kind beyond the kind's own rules, e.g. claiming addresses.
 * `reserve` runs after validation, directly before the write, and may complete the object; for a retried update it
 * runs again.
 */
export interface StorageHook {
  reserve(
    next: KubeObject,
    previous: KubeObject | undefined,
    dryRun: boolean,
  ): Promise<Reservation | undefined>;
  /** The object is gone from the store. */
  removed?(object: KubeObject): Promise<void>;
}

export interface Reservation {
  /** The write happened. */
  commit(): Promise<void>;
  /** The write did not happen. */
  rollback(): Promise<void>;
}
