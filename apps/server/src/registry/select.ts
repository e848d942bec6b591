import { badRequest } from '@wheelhouse/shared/errors';
import { parseFieldSelector } from '@wheelhouse/shared/meta/fields';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import { parseLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { EVERYTHING, type Selection } from './selection';

/** Longer selectors are refused before they are looked at. */
const LONGEST = 64 * 1024;
const MOST_REQUIREMENTS = 1000;

export interface SelectionRequest {
  readonly namespace?: string | undefined;
  /** A single object, by the path. */
  readonly name?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/**
 * Compiles what a request selects. `view` gives an object in the form that the kind's field readers know.
 * Throws BadRequest for bad syntax and unknown fields.
 */
export function compileSelection(
  kind: KindDefinition,
  request: SelectionRequest,
  view?: (object: Stored<KubeObject>) => KubeObject,
): Selection {
  const { labelSelector, fieldSelector } = request;
  if (!labelSelector && !fieldSelector) {
    if (request.namespace === undefined && request.name === undefined) return EVERYTHING;
    return { id: '', namespace: request.namespace, name: request.name, matches: undefined };
  }
  if ((labelSelector?.length ?? 0) > LONGEST || (fieldSelector?.length ?? 0) > LONGEST) {
    throw badRequest(`selectors may have at most ${LONGEST} characters`);
  }
  const labels = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const readers = kind.selectableFields ?? {};
  // Cluster kinds that name their fields themselves leave the namespace out, as do custom ones.
  const knowsNamespace = kind.namespaced || !(kind.selectableFields || kind.custom);
  const allowed = (field: string) =>
    field === 'metadata.name' ||
    (field === 'metadata.namespace' && knowsNamespace) ||
    Object.hasOwn(readers, field);
  const fields = fieldSelector ? parseFieldSelector(fieldSelector, allowed, refusalOf(kind)) : undefined;
  const count = (labels?.requirements.length ?? 0) + (fields?.requirements.length ?? 0);
  if (count > MOST_REQUIREMENTS)
    throw badRequest(`selectors may have at most ${MOST_REQUIREMENTS} requirements`);

  // Names and namespaces are told from the key alone; what remains has to look into the object.
  let { namespace, name } = request;
  let impossible = false;
  const rest: { field: string; equal: boolean; value: string; read: (object: KubeObject) => string }[] = [];
  for (const { field, operator, value } of fields?.requirements ?? []) {
    if (operator === '=' && field === 'metadata.name') {
      impossible ||= name !== undefined && name !== value;
      name = value;
    } else if (operator === '=' && field === 'metadata.namespace') {
      impossible ||= namespace !== undefined && namespace !== value;
      namespace = value;
    } else {
      const own = Object.hasOwn(readers, field) ? readers[field] : undefined;
      const read = own ?? (field === 'metadata.name' ? nameOf : namespaceOf);
      rest.push({ field, equal: operator === '=', value, read });
    }
  }
  const id = impossible ? '!' : `${labels?.toString() ?? ''}\n${fields?.toString() ?? ''}`;
  if (impossible) return { id, namespace, name, matches: () => false };
  if ((labels === undefined || labels.isEmpty) && rest.length === 0) {
    return { id: '', namespace, name, matches: undefined };
  }
  return {
    id,
    namespace,
    name,
    readsFields: rest.length > 0,
    matches(object) {
      if (labels && !labels.matches(object.metadata.labels)) return false;
      if (rest.length === 0) return true;
      const seen = view ? view(object) : object;
      for (const { equal, value, read } of rest) if ((read(seen) === value) !== equal) return false;
      return true;
    },
  };
}

/** In the words of Kubernetes, which has others for kinds that know no fields of their own. */
function refusalOf({ selectableFields, custom }: KindDefinition) {
  if (selectableFields || custom) return undefined;
  return (field: string) =>
    `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

const nameOf = (object: KubeObject) => object.metadata?.name ?? '';
const namespaceOf = (object: KubeObject) => object.metadata?.namespace ?? '';
