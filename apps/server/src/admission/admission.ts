import type { Client } from '@wheelhouse/shared/client/client';
import type { KindDefinition, ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Authorizer } from '../auth/auth';
import type { UserInfo } from '../http/extension';

export type AdmissionOperation = 'create' | 'update' | 'delete' | 'connect';

/** Reads that plugins may make: served from the watch cache, current, objects frozen. */
export interface AdmissionReader {
  /** Undefined when there certainly is none; an object may be a moment old. */
  get<T extends KubeObject>(
    type: ResourceType<T>,
    ref: { name: string; namespace?: string | undefined },
  ): Promise<Stored<T> | undefined>;
  /** The last known state, at once and without asking the store; may lag behind it by a moment. */
  cached?<T extends KubeObject>(
    type: ResourceType<T>,
    ref: { name: string; namespace?: string | undefined },
  ): Stored<T> | undefined;
  /** The last known state of all objects of a kind, at once; see `cached`. */
  cachedList?<T extends KubeObject>(type: ResourceType<T>): readonly Stored<T>[];
  /**
   * The objects of the namespace, or of all: as new as this server's own writes, while those of other servers may be
   * missing for a moment. Asks nothing of the store; usually an array at once.
   */
  recent?<T extends KubeObject>(
    type: ResourceType<T>,
    namespace?: string,
  ): readonly Stored<T>[] | Promise<readonly Stored<T>[]>;
  /** Every object of the namespace, or of all namespaces. */
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<readonly Stored<T>[]>;
}

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  /** The kind of the resource, also for subresources. */
  readonly kind: KindDefinition;
  /** `status`, `scale`, `binding`, `eviction`, `finalize` … or undefined for the resource itself. */
  readonly subresource: string | undefined;
  /** Undefined for cluster-scoped kinds. */
  readonly namespace: string | undefined;
  /** '' on create with generateName until the name is chosen; it is chosen before admission runs. */
  readonly name: string;
  /**
   * How refusals call the object. As Kubernetes chooses generated names only after `admit`, until then it is what the
   * name will begin with: so the same refusal reads the same whenever somebody tries again.
   */
  readonly refusalName: string;
  /**
   * Create, update: the object to be stored (private to this request: `admit` may mutate it, `validate` must not).
   * For `binding` and `eviction` the body that was posted. Delete: undefined.
   */
  readonly object: KubeObject | undefined;
  /** Update, delete: what stands in the store. Frozen. */
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  /** Plugins must leave no trace of a dry run. */
  readonly dryRun: boolean;
  readonly reader: AdmissionReader;
  /** With the server's own rights. */
  readonly system?: Client | undefined;
  /** What the user may do, for expressions that ask. */
  readonly authorizer?: Authorizer | undefined;
  /** Told to the client in a Warning header. */
  warn?(text: string): void;
  /** Kept with the request in the audit, by a key that begins with who says it. */
  annotate?(key: string, value: string): void;
  /** Registers how to undo what was done elsewhere, should the write certainly not happen. */
  onFailure?(undo: () => Promise<void>): void;
  /** The same objects under other groups and versions. */
  readonly equivalents?: readonly EquivalentForm[] | undefined;
  /** What a request to a subresource carries, where that is not the object itself. */
  readonly sent?: SentBody | undefined;
  /** The options of the request as an object of their kind (`CreateOptions` …), for programs outside. */
  readonly options?: object | undefined;
  /**
   * Takes what a program outside has made of the object: it is decoded and given its defaults like one that was sent.
   * Throws BadRequest and Invalid for what is no such object.
   */
  replace?(changed: unknown): void;
  readonly passes?: AdmissionPasses | undefined;
}

/** All `admit`s run once more when a program outside asks for it, since it changed what others have completed. */
export interface AdmissionPasses {
  /** True while they run for the second and last time. */
  readonly isSecond: boolean;
  /** Set during the first pass. */
  wantsSecond: boolean;
}

/** The body of a request to a subresource: a Scale, a Binding, the options of a connection. */
export interface SentBody {
  /** What the request does to the subresource. */
  readonly operation: AdmissionOperation;
  readonly kind: Pick<KindDefinition, 'group' | 'version' | 'kind'>;
  readonly object: KubeObject;
  readonly oldObject: KubeObject | undefined;
  /** Takes over what has been made of `object`; undefined: it cannot be changed. */
  accept?(changed: KubeObject): void;
}

/** Another form in which the resource's objects are served. */
export interface EquivalentForm {
  readonly kind: KindDefinition;
  /** A private copy in this form. */
  from(object: KubeObject): KubeObject | Promise<KubeObject>;
  /** Back to the form of the request. */
  back(object: KubeObject): KubeObject | Promise<KubeObject>;
}

/**
 * One rule about what may enter the cluster. All `admit`s run in order after the kind's defaults, before its
 * validation; all `validate`s after that. A refusal is an ApiError (usually Forbidden). For an update that is retried
 * after a lost race both run again, so they must be repeatable. Return without a promise where nothing is awaited.
 */
export interface AdmissionPlugin {
  readonly name: string;
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}
