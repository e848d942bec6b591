import { compareQuantities } from '@wheelhouse/shared/meta/quantity';
import type { Container, Pod, ResourceRequirements } from 'kubernetes-types/core/v1';
import { type Amounts, addAmounts } from './amounts';

/** What pods take of a quota: rules of Kubernetes' pod evaluator. */

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** Names of a pod's own that quotas may count, besides huge pages and extended resources. */
const NAMES: ReadonlySet<string> = new Set([
  'pods',
  'count/pods',
  ...COMPUTE,
  ...COMPUTE.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
]);
/** What every container has to name where a quota counts it. */
const ASKED: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);

export function countsForPods(name: string): boolean {
  if (NAMES.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && isExtended(name.slice('requests.'.length));
}

const isExtended = (name: string) => name.includes('/') && !name.includes('kubernetes.io/');

/** Finished pods count as objects alone. */
export function podUsage(pod: Pod): Amounts {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return { 'count/pods': '1' };
  const { requests, limits } = podResources(pod);
  return { 'count/pods': '1', pods: '1', ...byQuotaNames(requests, limits) };
}

/** The names under which quotas count what is requested and what is allowed. */
function byQuotaNames(requests: Amounts, limits: Amounts): Amounts {
  const usage: Record<string, string> = {};
  for (const [name, amount] of Object.entries(requests)) {
    if (COMPUTE.includes(name) || name.startsWith('hugepages-')) usage[name] = amount;
    if (COMPUTE.includes(name) || name.startsWith('hugepages-') || isExtended(name)) {
      usage[`requests.${name}`] = amount;
    }
  }
  for (const [name, amount] of Object.entries(limits)) {
    if (COMPUTE.includes(name)) usage[`limits.${name}`] = amount;
  }
  return usage;
}

/** All containers together or the largest moment of initialisation, whichever is more, and the overhead. */
function podResources(pod: Pod): { requests: Amounts; limits: Amounts } {
  const whole = podLevel(pod);
  const overhead = pod.spec?.overhead ?? {};
  const requests = { ...sumOver(pod, ({ resources }) => resources?.requests), ...whole?.requests };
  const limits = { ...sumOver(pod, ({ resources }) => resources?.limits), ...whole?.limits };
  // Overhead raises limits that are there and makes none.
  const limited = Object.fromEntries(
    Object.entries(overhead).filter(([name]) => Object.hasOwn(limits, name)),
  );
  return { requests: addAmounts(requests, overhead), limits: addAmounts(limits, limited) };
}

/** Resources of the pod as a whole; newer than the published types. */
function podLevel(pod: Pod): ResourceRequirements | undefined {
  return (pod.spec as { resources?: ResourceRequirements } | undefined)?.resources;
}

function sumOver(pod: Pod, needs: (container: Container) => Amounts | undefined): Amounts {
  let total: Amounts = {};
  for (const container of pod.spec?.containers ?? []) total = addAmounts(total, needs(container) ?? {});
  let running: Amounts = {};
  let peak: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const needed = needs(container) ?? {};
    if (container.restartPolicy === 'Always') {
      total = addAmounts(total, needed);
      running = addAmounts(running, needed);
      peak = larger(peak, running);
    } else {
      peak = larger(peak, addAmounts(needed, running));
    }
  }
  return larger(total, peak);
}

function larger(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const there = result[name];
    if (there === undefined || compareQuantities(amount, there) > 0) result[name] = amount;
  }
  return result;
}

/** What a quota on these names demands of a pod and does not find; undefined when all is there. */
export function missingOf(pod: Pod, names: readonly string[]): string | undefined {
  const whole = podLevel(pod);
  const given = byQuotaNames(whole?.requests ?? {}, whole?.limits ?? {});
  const asked = names.filter((name) => ASKED.has(name) && !Object.hasOwn(given, name)).sort();
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const missing = asked.flatMap((name) => {
    const without = containers
      .filter(({ resources }) => {
        const own = byQuotaNames(resources?.requests ?? {}, resources?.limits ?? {});
        return !Object.hasOwn(own, name);
      })
      .map((container) => container.name);
    return without.length > 0 ? [`${name} for: ${[...new Set(without)].sort().join(',')}`] : [];
  });
  return missing.length > 0 ? `must specify ${missing.join('; ')}` : undefined;
}

/** Whether no container asks for CPU or memory at all. */
export function isBestEffort(pod: Pod): boolean {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const all = [...containers.map(({ resources }) => resources), podLevel(pod)];
  return !all.some((resources) =>
    [resources?.requests, resources?.limits].some((amounts) =>
      ['cpu', 'memory'].some((name) => {
        const amount = amounts?.[name];
        return amount !== undefined && compareQuantities(amount, '0') > 0;
      }),
    ),
  );
}

/** Whether the pod wants to be near, or far from, pods of other namespaces. */
export function looksAcrossNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) =>
    [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ podAffinityTerm }) => podAffinityTerm,
      ),
    ].some((term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined),
  );
}
