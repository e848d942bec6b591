import { forbidden } from '@wheelhouse/shared/errors';
import { type LimitRange, limitRangeKind } from '@wheelhouse/shared/kinds/core/limit-range';
import { setOwn } from '@wheelhouse/shared/meta/json';
import { groupResourceOf } from '@wheelhouse/shared/meta/kind';
import { addQuantities, compareQuantities, parseQuantity } from '@wheelhouse/shared/meta/quantity';
import type { Container, LimitRangeItem, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1';
import type { AdmissionAttributes, AdmissionPlugin } from './admission';
import { isPods } from './pod-attributes';

type Amounts = Readonly<Record<string, string>>;
interface Usage {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/**
 * Holds pods and claims to the namespace's limit ranges: containers that ask for nothing get the defaults, and what
 * asks for too little, too much, or for limits too far from its requests is refused.
 */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(attributes) {
    if (!concerns(attributes) || !isPods(attributes.kind)) return;
    return withRanges(attributes, (ranges) => {
      // Objects of the pods resource are pods.
      for (const range of ranges) giveDefaults(attributes.object as Pod, range);
    });
  },
  validate(attributes) {
    if (!concerns(attributes)) return;
    return withRanges(attributes, (ranges) => {
      const problems = ranges.flatMap(({ spec }) =>
        (spec?.limits ?? []).flatMap((item) => problemsOf(attributes, item)),
      );
      if (problems.length === 0) return;
      throw forbidden(
        { group: attributes.kind.group, kind: attributes.kind.plural, name: attributes.name },
        problems.length === 1 ? (problems[0] ?? '') : `[${[...new Set(problems)].join(', ')}]`,
      );
    });
  },
};

/** Pods when they are made (their resources change through another door), claims also when they grow. */
function concerns({ operation, kind, subresource, object }: AdmissionAttributes): boolean {
  if (!object || subresource !== undefined) return false;
  if (isPods(kind)) return operation === 'create';
  const isClaim = groupResourceOf(kind) === 'persistentvolumeclaims';
  return isClaim && (operation === 'create' || operation === 'update');
}

/** Every new pod asks this, so it costs no question to the store. */
function withRanges(
  { reader, namespace }: AdmissionAttributes,
  use: (ranges: readonly LimitRange[]) => void,
): void | Promise<void> {
  const ranges = reader.recent?.(limitRangeKind, namespace) ?? reader.list(limitRangeKind, namespace);
  if ('then' in ranges) return ranges.then((found) => use(found));
  use(ranges);
}

function giveDefaults(pod: Pod, range: LimitRange): void {
  const defaults = { limits: {} as Record<string, string>, requests: {} as Record<string, string> };
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    Object.assign(defaults.limits, item.default);
    Object.assign(defaults.requests, item.defaultRequest);
  }
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((container) => complete(container, defaults, 'container')),
    ...(pod.spec?.initContainers ?? []).flatMap((container) =>
      complete(container, defaults, 'init container'),
    ),
  ];
  if (notes.length === 0) return;
  pod.metadata ??= {};
  pod.metadata.annotations ??= {};
  pod.metadata.annotations['kubernetes.io/limit-ranger'] = `LimitRanger plugin set: ${notes.join('; ')}`;
}

/** Fills what the container leaves open; tells what, in the words of the annotation. */
function complete(container: Container, defaults: Usage, what: string): string[] {
  const notes: string[] = [];
  for (const field of ['requests', 'limits'] as const) {
    const given = container.resources?.[field] ?? {};
    const missing = Object.keys(defaults[field]).filter((name) => !Object.hasOwn(given, name));
    if (missing.length === 0) continue;
    for (const name of missing) setOwn(given, name, defaults[field][name]);
    container.resources = { ...container.resources, [field]: given };
    notes.push(`${missing.sort().join(', ')} ${field.slice(0, -1)} for ${what} ${container.name}`);
  }
  return notes;
}

function problemsOf({ kind, object }: AdmissionAttributes, item: LimitRangeItem): string[] {
  if (!isPods(kind)) {
    if (item.type !== 'PersistentVolumeClaim') return [];
    // The plugin concerns pods and claims alone.
    const requests = (object as PersistentVolumeClaim).spec?.resources?.requests ?? {};
    return problemsOfClaim(item, requests);
  }
  const { containers = [], initContainers = [] } = (object as Pod).spec ?? {};
  switch (item.type) {
    case 'Container':
      return [...containers, ...initContainers].flatMap((container) =>
        problemsOfUsage(item, usageOf(container)),
      );
    case 'Pod':
      return problemsOfUsage(item, usageOfPod(containers, initContainers));
    default:
      return [];
  }
}

const usageOf = ({ resources }: Container): Usage => ({
  requests: resources?.requests ?? {},
  limits: resources?.limits ?? {},
});

/** What all containers need together, or a single init container alone if that is more. */
function usageOfPod(containers: readonly Container[], initContainers: readonly Container[]): Usage {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  const add = (sums: Record<string, string>, amounts: Amounts) => {
    for (const [name, amount] of Object.entries(amounts)) {
      sums[name] = Object.hasOwn(sums, name) ? addQuantities(sums[name] ?? '0', amount) : amount;
    }
  };
  const raise = (sums: Record<string, string>, amounts: Amounts) => {
    for (const [name, amount] of Object.entries(amounts)) {
      if (!Object.hasOwn(sums, name) || compareQuantities(amount, sums[name] ?? '0') > 0) sums[name] = amount;
    }
  };
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...containers, ...sidecars]) {
    add(requests, usageOf(container).requests);
    add(limits, usageOf(container).limits);
  }
  for (const container of initContainers) {
    if (container.restartPolicy === 'Always') continue;
    raise(requests, usageOf(container).requests);
    raise(limits, usageOf(container).limits);
  }
  return { requests, limits };
}

function problemsOfUsage(item: LimitRangeItem, { requests, limits }: Usage): string[] {
  const problems: string[] = [];
  for (const [name, bound] of entries(item.min)) {
    const says = `minimum ${name} usage per ${item.type} is ${bound}`;
    const [request, limit] = [own(requests, name), own(limits, name)];
    if (request === undefined) problems.push(`${says}.  No request is specified`);
    else if (compareQuantities(request, bound) < 0) problems.push(`${says}, but request is ${request}`);
    else if (limit !== undefined && compareQuantities(limit, bound) < 0)
      problems.push(`${says}, but limit is ${limit}`);
  }
  for (const [name, bound] of entries(item.max)) {
    const says = `maximum ${name} usage per ${item.type} is ${bound}`;
    const [request, limit] = [own(requests, name), own(limits, name)];
    if (limit === undefined) problems.push(`${says}.  No limit is specified`);
    else if (compareQuantities(limit, bound) > 0) problems.push(`${says}, but limit is ${limit}`);
    else if (request !== undefined && compareQuantities(request, bound) > 0)
      problems.push(`${says}, but request is ${request}`);
  }
  for (const [name, bound] of entries(item.maxLimitRequestRatio)) {
    const says = `${name} max limit to request ratio per ${item.type} is ${bound}`;
    const [request, limit] = [own(requests, name), own(limits, name)].map((amount) =>
      amount === undefined ? 0 : toNumber(amount),
    );
    if (!request) problems.push(`${says}, but no request is specified or request is 0`);
    else if (!limit) problems.push(`${says}, but no limit is specified or limit is 0`);
    else if (limit / request > toNumber(bound))
      problems.push(`${says}, but provided ratio is ${(limit / request).toFixed(6)}`);
  }
  return problems;
}

function problemsOfClaim(item: LimitRangeItem, requests: Amounts): string[] {
  const bounds = [
    ...entries(item.min).map(([name, bound]) => ({ name, bound, word: 'minimum', sign: -1 })),
    ...entries(item.max).map(([name, bound]) => ({ name, bound, word: 'maximum', sign: 1 })),
  ];
  return bounds.flatMap(({ name, bound, word, sign }) => {
    const says = `${word} ${name} usage per ${item.type} is ${bound}`;
    const request = own(requests, name);
    if (request === undefined) return [`${says}.  No request is specified`];
    return compareQuantities(request, bound) * sign > 0 ? [`${says}, but request is ${request}`] : [];
  });
}

const entries = (amounts: Amounts | undefined): [string, string][] => Object.entries(amounts ?? {}).sort();
const own = (amounts: Amounts, name: string) => (Object.hasOwn(amounts, name) ? amounts[name] : undefined);
/** Ratios are compared as numbers; nobody writes amounts beyond what a double holds there. */
const toNumber = (amount: string): number => Number(parseQuantity(amount).nanos) / 1e9;
