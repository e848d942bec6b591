import type { JsonObject } from '@wheelhouse/shared/meta/json';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import {
  type UpdateOptions,
  updateManagedFields,
  type VersionView,
} from '@wheelhouse/shared/patch/apply/managed-fields';
import { type Node, rootNode } from '@wheelhouse/shared/patch/apply/nodes';
import { packLists, withUnpackedLists } from '@wheelhouse/shared/patch/apply/whole-lists';
import type { RequestContext } from './request-context';
import type { StoredResource } from './stored-resource';

/** As long as names of managers may be. */
const LONGEST_NAME = 128;

/** Who writes: what the request says, else the first part of the user agent, else the last one of the user's name. */
export function managerOf({ fieldManager, userAgent, user }: RequestContext): string {
  if (fieldManager) return fieldManager;
  if (userAgent === undefined && user.name === 'system:apiserver') return 'kube-apiserver';
  const name =
    userAgent === undefined ? user.name.slice(user.name.lastIndexOf(':') + 1) : userAgent.split('/')[0];
  const printable = (name ?? '').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');
  if (printable === '') return 'unknown';
  return printable.length * 4 <= LONGEST_NAME ? printable : withinBytes(printable, LONGEST_NAME);
}

function withinBytes(text: string, most: number): string {
  let result = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > most) break;
    result += character;
  }
  return result;
}

/** The type of a resource's objects as owners see it. */
function nodeOf(resource: StoredResource): Node {
  return rootNode(resource.kind.schema);
}

/** What a write through this resource (or its subresource) reaches, and in whose name. */
export function ownerOptions(
  resource: StoredResource,
  context: RequestContext,
  subresource: string | undefined,
): UpdateOptions {
  const { kind } = resource;
  const ignored = subresource === 'status' ? ['spec'] : kind.status ? ['status'] : [];
  return {
    manager: managerOf(context),
    node: nodeOf(resource),
    apiVersion: apiVersionOf(kind),
    ...(subresource === undefined ? {} : { subresource }),
    ignored,
    now: resource.now(),
    inVersion: (apiVersion) => otherVersion(resource, apiVersion),
  };
}

/** Objects that are served in several versions may be owned in each of them. */
function otherVersion(resource: StoredResource, apiVersion: string): VersionView | undefined {
  const other = resource.inVersion(apiVersion);
  if (!other) return undefined;
  return {
    node: nodeOf(other),
    convert(object) {
      const { convert, convertOutside } = other.kind;
      // Which fields of a version that a program outside makes belong to whom is told by their names alone.
      if (convertOutside) return { ...object, apiVersion };
      // Both are forms of the same stored objects, converted here.
      const stored = resource.kind.convert?.toStored(object as KubeObject) ?? object;
      return (convert?.fromStored(stored) ?? stored) as JsonObject;
    },
  };
}

/** Writes into `next` who owns what after an ordinary write. */
export function trackOwners(
  resource: StoredResource,
  write: { readonly context: RequestContext; readonly subresource?: string | undefined },
  next: KubeObject,
  previous: Stored<KubeObject> | undefined,
): void {
  const options = ownerOptions(resource, write.context, write.subresource);
  const entries = updateManagedFields(
    previous && ownersByElement(resource, previous, previous, options),
    previous ? ownersByElement(resource, next, previous, options) : (next as JsonObject),
    options,
  );
  setOwners(next, entries);
}

/** The object with its owners as they are reckoned with, not in the short form of `packOwners`. */
export function ownersByElement(
  resource: StoredResource,
  object: KubeObject,
  live: KubeObject,
  options: UpdateOptions,
): JsonObject {
  // Objects are JSON objects, which their types do not say.
  if (!resource.kind.custom) return object as JsonObject;
  return withUnpackedLists(object as JsonObject, live as JsonObject, options);
}

/** Writes the owners of an object that is about to be stored in their short form. */
export function packOwners(resource: StoredResource, context: RequestContext, object: KubeObject): void {
  const owners = object.metadata?.managedFields;
  if (!resource.kind.custom || !owners?.length || !nodeOf(resource).ownsFields) return;
  setOwners(object, packLists(owners, object as JsonObject, ownerOptions(resource, context, undefined)));
}

export type Owners = NonNullable<NonNullable<KubeObject['metadata']>['managedFields']>;

/** In place: others may hold on to the metadata. */
export function setOwners(object: KubeObject, owners: readonly Owners[number][] | undefined): void {
  object.metadata ??= {};
  // Entries are frozen and shared between revisions.
  if (owners?.length) object.metadata.managedFields = owners as Owners;
  else delete object.metadata.managedFields;
}
