import {
  type DrainPreview,
  type PlacementPreview,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';

/** How the scheduler is asked what draining a node would do. */
export function drainQuestion(node: string): { path: string; body: PlacementPreview } {
  return {
    path: `/apis/${SCHEDULING_GROUP}/${SCHEDULING_VERSION}/placementpreviews`,
    body: {
      apiVersion: `${SCHEDULING_GROUP}/${SCHEDULING_VERSION}`,
      kind: 'PlacementPreview',
      spec: { drain: { node } },
    },
  };
}

export interface DrainPlan extends DrainPreview {
  /** New pods a node, for the ghosts. */
  readonly byNode: ReadonlyMap<string, number>;
  /** Pods whose successor finds no node. */
  readonly homeless: number;
}

/** What it answers; undefined when it is no answer. */
export function readDrain(answer: PlacementPreview): DrainPlan | undefined {
  const drain = answer.status?.drain;
  if (!drain) return undefined;
  const byNode = new Map<string, number>();
  for (const { node } of drain.moves) if (node !== undefined) byNode.set(node, (byNode.get(node) ?? 0) + 1);
  return { ...drain, byNode, homeless: answer.status?.unplaced ?? 0 };
}

/** The whole of it in one sentence or two. */
export function drainInWords({ moves, homeless, blockedBy }: DrainPlan): string {
  if (moves.length === 0) return 'Nothing has to leave.';
  const parts = [`${count(moves.length, 'pod')} would leave.`];
  if (homeless > 0) parts.push(`${count(homeless, 'successor')} would find no node.`);
  else parts.push('All that are replaced find a node.');
  if (blockedBy.length > 0) {
    const waits = new Set(
      blockedBy.flatMap(({ namespace, pods }) => pods.map((pod) => `${namespace}/${pod}`)),
    );
    parts.push(
      `${count(waits.size, 'pod')} must wait for ${blockedBy.length === 1 ? 'a budget' : 'budgets'}.`,
    );
  }
  return parts.join(' ');
}

const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
