import type { Extender, PreemptionCandidate } from '../framework/extender';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { Decision, Search } from './decide';

/** What the extenders leave of a search, and what they add to the nodes' totals. */
export type Asked =
  | { readonly kind: 'found'; readonly search: Search; readonly extra: ReadonlyMap<string, number> }
  | Extract<Decision, { kind: 'unschedulable' }>;

/** Asks one extender after the other which nodes pass, then all at once how they rank what is left. */
export async function askExtenders(
  extenders: readonly Extender[],
  search: Search,
  nodeCount: number,
): Promise<Asked> {
  const { pod } = search.cycle;
  let fitting = search.fitting;
  const reasons = new Map<string, number>();
  const resolvable: NodeInfo[] = [];
  const refusing = new Set<string>();
  for (const extender of extenders) {
    if (!extender.filter || fitting.length === 0) continue;
    const nodes = fitting;
    const result = await tolerant(extender, () => extender.filter?.(pod, nodes));
    if (!result) continue;
    for (const node of nodes) {
      if (result.fitting.has(node.name)) continue;
      refusing.add(extender.name);
      const refusal = result.refused.get(node.name);
      for (const reason of refusal?.reasons ?? [`node(s) were refused by extender ${extender.name}`]) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
      if (!refusal?.unresolvable) resolvable.push(node);
    }
    fitting = nodes.filter((node) => result.fitting.has(node.name));
  }
  if (fitting.length === 0) {
    return { kind: 'unschedulable', verdict: { nodes: nodeCount, reasons, plugins: refusing }, resolvable };
  }
  const extra = fitting.length > 1 ? await rank(extenders, pod, fitting) : new Map<string, number>();
  return { kind: 'found', search: { ...search, fitting }, extra };
}

async function rank(extenders: readonly Extender[], pod: PodInfo, nodes: readonly NodeInfo[]) {
  const total = new Map<string, number>();
  const answers = await Promise.all(
    // Ranking is a wish: an extender that does not answer has none.
    extenders.map((extender) => extender.prioritize?.(pod, nodes).catch(() => undefined)),
  );
  for (const scores of answers) {
    for (const [node, score] of scores ?? []) total.set(node, (total.get(node) ?? 0) + score);
  }
  return total;
}

/** Lets each extender strike candidates off the list. */
export async function askAboutVictims(
  extenders: readonly Extender[],
  pod: PodInfo,
  candidates: readonly PreemptionCandidate[],
): Promise<readonly PreemptionCandidate[]> {
  let left = candidates;
  for (const extender of extenders) {
    if (!extender.preempt || left.length === 0) continue;
    const before = left;
    left = (await tolerant(extender, () => extender.preempt?.(pod, before))) ?? before;
  }
  return left;
}

async function tolerant<T>(extender: Extender, ask: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (extender.ignorable) return undefined;
    throw error;
  }
}
