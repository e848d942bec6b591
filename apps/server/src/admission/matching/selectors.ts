import { internalError, notFound } from '@wheelhouse/shared/errors';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { type Selector, selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { KubeObject, LabelSelector } from '@wheelhouse/shared/meta/object';
import type { AdmissionAttributes } from '../admission';

/** The namespace that a request is in, or is about; undefined: it is about the whole cluster. */
export function namespaceOf(
  attributes: AdmissionAttributes,
): KubeObject | undefined | Promise<KubeObject | undefined> {
  const { kind, namespace, name, reader, operation, object, oldObject, subresource } = attributes;
  const isNamespaces = kind.group === '' && kind.plural === 'namespaces';
  if (isNamespaces) {
    if (subresource === undefined && operation !== 'delete') return object;
    return oldObject ?? reader.get(namespaceKind, { name });
  }
  if (namespace === undefined) return undefined;
  return (
    reader.cached?.(namespaceKind, { name: namespace }) ??
    reader.get(namespaceKind, { name: namespace }).then((found) => {
      if (!found) throw notFound({ kind: 'namespaces', name: namespace });
      return found;
    })
  );
}

/** Which namespaces and objects somebody wants to be asked about. */
export class ScopeSelectors {
  readonly #namespaces: Selector;
  readonly #objects: Selector;

  constructor(spec: {
    readonly namespaceSelector?: LabelSelector | undefined;
    readonly objectSelector?: LabelSelector | undefined;
  }) {
    this.#namespaces = selectorFromLabelSelector(spec.namespaceSelector ?? {});
    this.#objects = selectorFromLabelSelector(spec.objectSelector ?? {});
  }

  /** Without a promise where nothing has to be read. Throws InternalError where the namespace cannot be found. */
  select(attributes: AdmissionAttributes): boolean | Promise<boolean> {
    if (!this.#selectsObject(attributes)) return false;
    if (this.#namespaces.isEmpty) return true;
    const namespace = namespaceOf(attributes);
    if (!(namespace instanceof Promise)) return this.#selectsNamespace(namespace);
    return namespace.then(
      (found) => this.#selectsNamespace(found),
      (error: Error) => {
        throw internalError(error.message);
      },
    );
  }

  #selectsNamespace(namespace: KubeObject | undefined): boolean {
    return namespace === undefined || this.#namespaces.matches(namespace.metadata?.labels);
  }

  /** It is enough that the object was selected before, or will be. */
  #selectsObject(attributes: AdmissionAttributes): boolean {
    if (this.#objects.isEmpty) return true;
    const { object, oldObject } = attributes.sent ?? attributes;
    return [object, oldObject].some((one) => one?.metadata && this.#objects.matches(one.metadata.labels));
  }
}
