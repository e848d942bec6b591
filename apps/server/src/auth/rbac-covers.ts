import type { PolicyRule } from 'kubernetes-types/rbac/v1';

/**
 * The parts of `wanted` that `held` does not grant, put together again by resource. Empty: everything is covered.
 * Two rules may cover between them what neither does alone, so rules are compared in their smallest parts.
 */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing: PolicyRule[] = [];
  for (const rule of wanted) {
    for (const part of partsOf(rule)) if (!held.some((own) => covers(own, part))) missing.push(part);
  }
  return compact(missing);
}

/** Rules of one verb, one group, one resource and one name, or of one verb and one path. */
function* partsOf(rule: PolicyRule): Generator<PolicyRule> {
  for (const verb of rule.verbs ?? []) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) yield part;
        else for (const name of rule.resourceNames) yield { ...part, resourceNames: [name] };
      }
    }
  }
}

function covers(own: PolicyRule, part: PolicyRule): boolean {
  if (!hasAll(own.verbs, part.verbs)) return false;
  if (part.nonResourceURLs) return part.nonResourceURLs.every((url) => coversUrl(own.nonResourceURLs, url));
  return (
    hasAll(own.apiGroups, part.apiGroups) &&
    (part.resources ?? []).every((resource) => coversResource(own.resources, resource)) &&
    (!own.resourceNames?.length ||
      (!!part.resourceNames?.length && part.resourceNames.every((name) => own.resourceNames?.includes(name))))
  );
}

function hasAll(own: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  const values = own ?? [];
  return values.includes('*') || (wanted ?? []).every((value) => values.includes(value));
}

function coversResource(own: readonly string[] | undefined, resource: string): boolean {
  if (!own) return false;
  if (own.includes('*') || own.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && own.includes(`*${resource.slice(slash)}`);
}

function coversUrl(own: readonly string[] | undefined, url: string): boolean {
  return (own ?? []).some(
    (pattern) => pattern === url || (pattern.endsWith('*') && url.startsWith(pattern.slice(0, -1))),
  );
}

/** One rule a resource again, with all of its verbs. Rules with names or paths stay as they are. */
function compact(parts: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const part of parts) {
    if (part.nonResourceURLs || part.resourceNames?.length) {
      others.push(part);
      continue;
    }
    const key = `${part.apiGroups?.[0]}\0${part.resources?.[0]}`;
    const known = simple.get(key);
    if (!known) simple.set(key, { ...part, verbs: [...part.verbs] });
    else if (!known.verbs.includes(part.verbs[0] ?? '')) known.verbs.push(part.verbs[0] ?? '');
  }
  return [...simple.values(), ...others];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`: how refusals show a rule. */
export function ruleText(rule: PolicyRule): string {
  const list = (name: string, values: readonly string[] | undefined) =>
    values?.length ? [`${name}:${quotedList(values)}`] : [];
  return `{${[
    ...list('APIGroups', rule.apiGroups),
    ...list('Resources', rule.resources),
    ...list('NonResourceURLs', rule.nonResourceURLs),
    ...list('ResourceNames', rule.resourceNames),
    ...list('Verbs', rule.verbs),
  ].join(', ')}}`;
}

export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
