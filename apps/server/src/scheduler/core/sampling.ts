/** Below this many nodes every node is looked at. */
const ALWAYS_ALL = 100;

/**
 * How many fitting nodes to find before the best of them is taken. Past 100 nodes a share is enough: the larger
 * the cluster, the smaller the share, from 20 % down to 5 %. The search goes on where the last one ended, so that
 * all nodes get their turn. `percentage` (1 to 100) says it otherwise; 0 leaves it to this rule.
 */
export function wantedCandidates(nodes: number, percentage = 0): number {
  if (nodes <= ALWAYS_ALL) return nodes;
  const percent = percentage > 0 ? percentage : Math.max(5, 20 - nodes / 250);
  return Math.max(ALWAYS_ALL, Math.floor((nodes * percent) / 100));
}
