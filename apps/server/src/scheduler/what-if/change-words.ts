import type { Shortfall } from '../framework/rejection';

/** `would fit on node-2 if 200m more CPU were free and the pod tolerated gpu=true:NoSchedule`. */
export function changeText(node: string, shortfalls: readonly Shortfall[]): string {
  return `would fit on ${node} if ${shortfalls.map((shortfall) => condition(node, shortfall)).join(' and ')}`;
}

/** `node-2 is short of 200m CPU`, or `It would fit on …`: a sentence for a headline. */
export function shortText(node: string, shortfalls: readonly Shortfall[]): string {
  const amounts = shortfalls.flatMap((one) => (one.kind === 'resource' ? [missingText(one)] : []));
  return amounts.length === shortfalls.length && amounts.length > 0
    ? `${node} is short of ${amounts.join(' and ')}`
    : `It ${changeText(node, shortfalls)}`;
}

function missingText(short: Extract<Shortfall, { kind: 'resource' }>): string {
  if (short.resource === 'pods') return 'a place for one more pod';
  return `${amountText(short.resource, short.missing)} ${resourceName(short.resource)}`;
}

function condition(node: string, short: Shortfall): string {
  switch (short.kind) {
    case 'resource':
      return resourceCondition(node, short);
    case 'taint':
      return `the pod tolerated ${short.key}${short.value ? `=${short.value}` : ''}:${short.effect}`;
    case 'label':
      return labelCondition(node, short);
    case 'node-name':
      return `the pod did not ask for ${short.wanted}`;
    case 'unschedulable':
      return `scheduling were switched on again for ${node} (kubectl uncordon ${node})`;
    case 'volume':
      return short.change;
    case 'port':
      return `port ${short.port}/${short.protocol} were free there (${short.takenBy} has it)`;
    case 'spread':
      return `it could be ${short.skew - short.maxSkew} more uneven over ${short.topologyKey}`;
    case 'affinity':
      return {
        affinity: `a pod that it wants to be near ran in the same ${short.topologyKey}`,
        'anti-affinity': `no pod that it keeps away from ran in the same ${short.topologyKey}`,
        'existing-anti-affinity': `no pod that keeps it away ran in the same ${short.topologyKey}`,
      }[short.term];
  }
}

function resourceCondition(node: string, short: Extract<Shortfall, { kind: 'resource' }>): string {
  const { resource, requested, allocatable, missing } = short;
  if (resource === 'pods') return `${missing} pod${missing === 1 ? '' : 's'} fewer ran there`;
  const name = resourceName(resource);
  if (requested > allocatable) {
    // No pod that leaves could make enough room.
    return allocatable === 0
      ? `${node} had any ${name}`
      : `the pod asked for no more than the ${amountText(resource, allocatable)} ${name} that ${node} has`;
  }
  return `${amountText(resource, missing)} more ${name} were free`;
}

function labelCondition(
  node: string,
  { key, operator, wanted, actual }: Extract<Shortfall, { kind: 'label' }>,
) {
  if (key === 'metadata.name') return `the pod did not ask for ${wanted.join(' or ')}`;
  switch (operator) {
    case 'In':
      return `${node} had the label ${key}=${wanted.join(' or ')}`;
    case 'Exists':
      return `${node} had the label ${key}`;
    case 'NotIn':
    case 'DoesNotExist':
      return `${node} had not the label ${key}${actual ? `=${actual}` : ''}`;
    default:
      return `${node} had a label ${key} ${operator === 'Gt' ? 'above' : 'below'} ${wanted[0] ?? ''}`;
  }
}

function resourceName(resource: string): string {
  if (resource === 'cpu') return 'CPU';
  return resource === 'ephemeral-storage' ? 'disk space' : resource;
}

/** `200m`, `1.5`; `512Mi`; other resources as plain numbers. */
function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return String(amount);
  for (const [unit, size] of [
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (amount >= size) return `${Math.ceil((amount * 10) / size) / 10}${unit}`;
  }
  return String(amount);
}

/**
 * How far a node is from fitting: a missing amount weighs by its share of the request, everything that somebody
 * would have to decide weighs more than an amount that may become free by itself.
 */
export function distance(shortfalls: readonly Shortfall[]): number {
  return shortfalls.reduce((sum, shortfall) => sum + weight(shortfall), 0);
}

function weight(short: Shortfall): number {
  switch (short.kind) {
    case 'resource':
      return short.requested > short.allocatable ? 4 : short.missing / short.requested;
    case 'port':
      return 1;
    case 'unschedulable':
    case 'spread':
    case 'affinity':
      return 1.5;
    case 'taint':
      return 2;
    case 'label':
    case 'volume':
      return 3;
    case 'node-name':
      return 5;
  }
}
