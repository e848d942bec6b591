import type { Client } from '@wheelhouse/shared/client/client';
import { decode } from '@wheelhouse/shared/meta/decode';
import { isObject } from '@wheelhouse/shared/meta/json';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type {
  AdmissionAttributes,
  AdmissionOperation,
  AdmissionReader,
  EquivalentForm,
  SentBody,
} from '../admission/admission';
import type { Authorizer } from '../auth/auth';
import type { UserInfo } from '../http/extension';
import type { Ref, RequestContext } from './request-context';
import { sentBody } from './sent-body';
import type { StoredResource } from './stored-resource';

export type Undo = () => Promise<void>;

export interface AdmissionRequest {
  readonly context: RequestContext;
  readonly ref: Ref;
  /** Of a name that was generated: what it begins with. */
  readonly generatedFrom?: string | undefined;
  readonly subresource?: string | undefined;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** What was posted to a subresource; found out for those that speak of a part of the object. */
  readonly sent?: SentBody | undefined;
  /** Of a deletion. */
  readonly options?: object | undefined;
}

/** What admission is told about one request. What is rarely asked for is made when it is. */
export class RequestAttributes implements AdmissionAttributes {
  readonly kind: KindDefinition;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  refusalName: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly reader: AdmissionReader;
  readonly system: Client | undefined;
  readonly authorizer: Authorizer | undefined;
  readonly passes = { isSecond: false, wantsSecond: false };
  /** A program outside has changed the object. */
  changed = false;
  readonly #undos: Undo[] = [];

  constructor(
    private readonly resource: StoredResource,
    readonly operation: AdmissionOperation,
    private readonly request: AdmissionRequest,
  ) {
    const { context, ref } = request;
    this.kind = resource.kind;
    this.subresource = request.subresource;
    this.namespace = ref.namespace;
    this.name = ref.name;
    this.refusalName = request.generatedFrom ?? ref.name;
    this.object = request.object;
    this.oldObject = request.oldObject;
    this.user = context.user;
    this.dryRun = context.dryRun;
    this.reader = resource.services.reader;
    this.system = resource.services.system?.();
    this.authorizer = resource.services.authorizer;
  }

  warn(text: string): void {
    const { warnings } = this.request.context;
    if (!warnings.includes(text)) warnings.push(text);
  }

  annotate(key: string, value: string): void {
    const { context } = this.request;
    context.annotations ??= {};
    context.annotations[key] = value;
  }

  onFailure(undo: Undo): void {
    this.#undos.push(undo);
  }

  get undo(): Undo | undefined {
    const undos = this.#undos;
    if (undos.length === 0) return undefined;
    return async () => {
      for (const undo of undos) await undo();
    };
  }

  get equivalents(): readonly EquivalentForm[] | undefined {
    return this.resource.services.equivalents?.(this.resource);
  }

  get sent(): SentBody | undefined {
    const sent = this.request.sent ?? sentBody(this.kind, this.request);
    const accept = sent?.accept;
    if (!sent || !accept) return sent;
    return {
      ...sent,
      accept: (changed) => {
        accept(changed);
        this.changed = true;
      },
    };
  }

  get options(): object | undefined {
    const { context, options } = this.request;
    const operation = this.sent?.operation ?? this.operation;
    if (operation === 'connect') return undefined;
    const { fieldManager, fieldValidation, dryRun } = context;
    return {
      kind: `${operation[0]?.toUpperCase()}${operation.slice(1)}Options`,
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun ? { dryRun: ['All'] } : {}),
      ...(operation === 'delete' ? options : { ...(fieldManager ? { fieldManager } : {}), fieldValidation }),
    };
  }

  replace(changed: unknown): void {
    const { object } = this;
    if (!object) return;
    const { object: next } = decode(this.kind, changed);
    // Object and copy are of one kind; the object stays the one that the request goes on with.
    for (const key of Object.keys(object))
      if (!Object.hasOwn(next, key)) delete object[key as keyof KubeObject];
    Object.assign(object, next);
    if (isObject(object)) this.kind.default?.(object);
    this.changed = true;
  }
}
