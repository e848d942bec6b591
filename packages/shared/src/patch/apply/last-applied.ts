import { isObject, type JsonObject } from '../../meta/json';
import { difference, emptySet, type FieldSet } from './field-set';
import { ownablePart, type UpdateOptions } from './managed-fields';
import { compareTyped, fieldsOf } from './typed';

/** Where `kubectl apply` keeps what it applied last, when it applies by itself instead of asking the server to. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The one manager whose server-side applies take over from its client-side ones. */
export const LAST_APPLIER = 'kubectl';

function lastApplied(live: JsonObject): unknown {
  const { metadata } = live;
  const annotations = isObject(metadata) && isObject(metadata.annotations) ? metadata.annotations : {};
  const text = Object.hasOwn(annotations, LAST_APPLIED) ? annotations[LAST_APPLIED] : undefined;
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Somebody's annotation that is no configuration allows nothing.
    return undefined;
  }
}

/** The fields that were applied by the client and have not been changed by anybody since. */
export function allowedConflicts(live: JsonObject, options: UpdateOptions): FieldSet {
  const config = lastApplied(live);
  if (!isObject(config) || config.apiVersion !== options.apiVersion) return emptySet();
  const node = options.node;
  try {
    const part = ownablePart(config);
    const fields = fieldsOf(node, part);
    const { changed, removed } = compareTyped(node, part, ownablePart(live));
    return difference(difference(fields, changed ?? emptySet()), removed ?? emptySet());
  } catch {
    // An annotation that does not fit the type (any more) allows nothing either.
    return emptySet();
  }
}

/** What the annotation has to say after `config` was applied; undefined when the object does not carry one. */
export function nextLastApplied(live: JsonObject, config: JsonObject): string | undefined {
  if (lastApplied(live) === undefined) return undefined;
  const metadata = isObject(config.metadata) ? { ...config.metadata } : {};
  if (isObject(metadata.annotations)) {
    const { [LAST_APPLIED]: _itself, ...annotations } = metadata.annotations;
    metadata.annotations = annotations;
  }
  delete metadata.managedFields;
  return `${JSON.stringify({ ...config, metadata })}\n`;
}
