import type { NodeSelectorRequirement, NodeSelectorTerm } from 'kubernetes-types/core/v1';
import type { Shortfall } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';

/** Node selector terms: any of them is enough, but one without expressions matches nothing. */
export function matchesAnyTerm(node: NodeInfo, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some((term) => matchesTerm(node, term));
}

export function matchesTerm(node: NodeInfo, term: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => satisfies(node.traits.labels[requirement.key], requirement)) &&
    matchFields.every((requirement) => satisfies(fieldOf(node, requirement.key), requirement))
  );
}

/** Labels may hold more digits than a number of JavaScript keeps apart. */
const INTEGER = /^-?\d+$/;

/** The only field that Kubernetes lets a term ask for. */
function fieldOf(node: NodeInfo, key: string): string | undefined {
  return key === 'metadata.name' ? node.name : undefined;
}

function satisfies(actual: string | undefined, { operator, values = [] }: NodeSelectorRequirement): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
    case 'Lt': {
      const [limit = ''] = values;
      if (actual === undefined || !INTEGER.test(actual) || !INTEGER.test(limit)) return false;
      return operator === 'Gt' ? BigInt(actual) > BigInt(limit) : BigInt(actual) < BigInt(limit);
    }
    default:
      return false;
  }
}

/** The requirements of a term that the node does not meet. */
export function unmetRequirements(node: NodeInfo, term: NodeSelectorTerm): Shortfall[] {
  const unmet = (requirement: NodeSelectorRequirement, actual: string | undefined): Shortfall[] =>
    satisfies(actual, requirement)
      ? []
      : [
          {
            kind: 'label',
            key: requirement.key,
            operator: requirement.operator,
            wanted: requirement.values ?? [],
            ...(actual === undefined ? {} : { actual }),
          },
        ];
  return [
    ...(term.matchExpressions ?? []).flatMap((one) => unmet(one, node.traits.labels[one.key])),
    ...(term.matchFields ?? []).flatMap((one) => unmet(one, fieldOf(node, one.key))),
  ];
}

/**
 * When every term pins the node by name, the names (none when a term contradicts itself); else undefined. Such pods
 * need not look at all nodes.
 */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const pins = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    const [first, ...others] = pins.map(({ values = [] }) => values);
    if (!first) return undefined;
    for (const name of first) if (others.every((values) => values.includes(name))) names.add(name);
  }
  return names;
}
