import type { FieldError } from './field-error';
import type { KubeObject } from './object';

/**
 * Names one resource of the API: enough to build its URL and to talk about it.
 * Every {@link KindDefinition} is one, so clients, controllers and the console pass kind definitions
 * wherever a resource is asked for. Custom resources build theirs at run time.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** API group, '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case: the path segment. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Carries the type only; never present at run time. */
  readonly __type?: T;
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group ? `${type.group}/${type.version}` : type.version;
}

/** `pods`, `deployments.apps`: unique over all groups. */
export function groupResourceOf(type: Pick<ResourceType, 'group' | 'plural'>): string {
  return type.group ? `${type.plural}.${type.group}` : type.plural;
}

/** One printed column of a Table answer (`kubectl get`). */
/** In the words of `meta.k8s.io` Table. */
export interface RowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface PrintColumn<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: number;
  /** Pure. `now` is injected so that ages can be tested. */
  cell(object: T, now: Date): string | number | boolean | null;
}

/** Where `/scale` finds its numbers, as JSON paths without a leading dot, e.g. `spec.replicas`. */
export interface ScaleSpec {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** Path to a selector: a label map (RC) or a LabelSelector (apps). */
  readonly selectorPath: string;
  /** What a GET of the scale of something missing says is missing; default: the resource itself. */
  readonly missing?: { readonly group: string; readonly resource: string };
}

/** Reads one selectable field; '' when unset. Written as a method type so that kinds stay assignable to KindDefinition. */
export type FieldReader<T> = { read(object: T): string }['read'];

/** What admission hands to create and update strategies. */
export interface StrategyContext {
  readonly now: Date;
}

/**
 * All that a kind *is*, in one file that server, agent and console read. What keeps it true is a controller.
 * The generic registry drives the hooks in this order:
 *   create: decode → default → prepareForCreate → (admission) → validate → store
 *   update: decode → default → prepareForUpdate → (admission) → validate + validateUpdate → store
 * Hooks mutate the object that they are given; it is a fresh, private copy. They never read a clock or the store.
 */
export interface KindDefinition<T extends KubeObject = KubeObject> extends ResourceType<T> {
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Name of the type in the generated schema, e.g. `io.k8s.api.core.v1.Pod`. */
  readonly schema: string;
  /** Verbs that the main resource answers; default: all of them. */
  readonly verbs?: readonly string[];
  /** Fills every field that Kubernetes defaults. Also runs on objects read from older stores. */
  default?(object: T): void;
  /** Clears what a client may not set on create (status, generation bookkeeping …). */
  prepareForCreate?(object: T, context: StrategyContext): void;
  /** Carries over what a client may not change through the main resource (usually status). */
  prepareForUpdate?(next: T, previous: T, context: StrategyContext): void;
  /** The same for `/status`: everything but status (and some metadata) comes from `previous`. */
  prepareForStatusUpdate?(next: T, previous: T, context: StrategyContext): void;
  validate?(object: T): FieldError[];
  /** What is asked of new objects alone. */
  validateCreate?(object: T): FieldError[];
  validateUpdate?(next: T, previous: T): FieldError[];
  validateStatusUpdate?(next: T, previous: T): FieldError[];
  /** How names are checked; default `dns-subdomain`. */
  readonly nameRule?: 'dns-subdomain' | 'dns-label' | 'dns-1035-label' | 'path-segment';
  /** Present when the kind has a `/status` subresource. */
  readonly status?: true;
  readonly scale?: ScaleSpec;
  /** Subresources that read and write the whole object by rules of their own, e.g. `approval`. */
  readonly parts?: Readonly<Record<string, PartRules<T>>>;
  /** Other subresources that exist for discovery; their handlers live in the server. */
  readonly subresources?: readonly SubresourceDefinition[];
  /**
   * `metadata.generation` counts changes of everything but metadata and status; default true when `status`. A fixed
   * one stays what it was when the object was made.
   */
  readonly hasGeneration?: boolean | 'fixed';
  /** The part of the metadata whose changes the generation counts as well. */
  readonly generationCounts?: 'annotations' | 'labels';
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, FieldReader<T>>>;
  readonly columns?: readonly PrintColumn<T>[];
  /** What is said about an object's row of a table, e.g. that it has come to its end. */
  rowConditions?(object: T): readonly RowCondition[];
  /** Annotations that stand for a field which has none any more; the metadata alone is without them. */
  readonly fieldAnnotations?: readonly string[];
  /** Grace in seconds that a plain DELETE starts with; undefined: it goes at once, whatever grace is asked for. */
  gracefulDeletion?(object: T): number | undefined;
  /** New objects without a name are given one that is unique. */
  readonly namedByServer?: true;
  /** Kubernetes looks at the metadata of a new object only once everything else is right. */
  readonly metadataLast?: true;
  /** Finalizers need not be qualified (`example.com/name`); custom resources never need that. */
  readonly plainFinalizers?: true;
  /** A PUT has to name the revision that it was made from; so it is for all custom resources. */
  readonly conditionalUpdate?: true;
  /** A PUT creates what is not there. */
  readonly createdByUpdate?: true;
  /** What a DELETE without propagationPolicy does to dependents; default 'background'. */
  readonly defaultPropagation?: 'background' | 'orphan';
  /** True: a DELETE answers the object itself; otherwise a Status. */
  readonly deleteReturnsObject?: boolean;
  /** What the beginning of a deletion writes into an object that is to be held, e.g. a finalizer and a condition. */
  beginDeletion?(object: T, context: StrategyContext): void;
  /** Kind of the lists; default: the kind with `List` after it. */
  readonly listKind?: string;
  /** Present when the kind comes from a definition that users wrote. */
  readonly custom?: CustomKind;
  /** Other served forms of the same stored objects, e.g. events.k8s.io for core events. */
  readonly storedAs?: ResourceType;
  readonly convert?: { fromStored(object: KubeObject): T; toStored(object: T): KubeObject };
  /** Takes the place of `convert` where an object was stored, or is to be stored, under another version. */
  readonly convertOutside?: OutsideConversion<T>;
}

/** Conversion between the versions of a kind by a program outside. Throws ApiError for whatever is no conversion. */
export interface OutsideConversion<T extends KubeObject = KubeObject> {
  /** Objects as they were stored, each under its own version; answers them in the same order. */
  fromStored(objects: readonly KubeObject[]): Promise<T[]>;
  /** From whatever version it is in. */
  toStored(object: KubeObject): Promise<KubeObject>;
}

/** How one subresource changes the object; like the hooks of `/status`. */
export interface PartRules<T extends KubeObject> {
  prepareForUpdate(next: T, previous: T, context: StrategyContext): void;
  validateUpdate?(next: T, previous: T): FieldError[];
}

/** What only kinds have that are made at run time. */
export interface CustomKind {
  /**
   * Reads a body: what the schema does not know is left out and reported. Throws BadRequest and Invalid. `object` is
   * private to the caller.
   */
  decode(raw: unknown): { readonly object: KubeObject; readonly unknownFields: readonly string[] };
  /** The schema as OpenAPI shows it, in the dialect of version 2 or 3. */
  openApi(dialect: 'v2' | 'v3'): Record<string, unknown>;
  /** Said with every answer, e.g. that there is a better version. */
  readonly warning?: string;
  /** Refuses new objects while the definition is on its way out. Throws MethodNotAllowed. */
  refuseCreate?(): void;
}

export interface SubresourceDefinition {
  readonly name: string;
  readonly kind: string;
  /** Group and version of `kind` where it differs from the parent's, e.g. policy/v1 Eviction. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}
