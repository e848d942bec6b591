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
      if (actual === undefined || !/^-?\d+$/.test(actual)) return false;
      const limit = Number(values[0]);
      return operator === 'Gt' ? Number(actual) > limit : Number(actual) < limit;
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

/** When every term pins the node by name, the names; else undefined. Such pods need not look at all nodes. */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const term of terms) {
    const pinned = term.matchFields?.find(
      ({ key, operator }) => key === 'metadata.name' && operator === 'In',
    )?.values;
    if (!pinned) return undefined;
    for (const name of pinned) names.add(name);
  }
  return names;
}
