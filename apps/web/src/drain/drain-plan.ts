import {
  type DrainOutcome,
  type DrainPreview,
  type PlacementPreview,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';
import { plural } from '../words/amounts';

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
}

/** What it answers; undefined when it is no answer. */
export function readDrain(answer: PlacementPreview): DrainPlan | undefined {
  const drain = answer.status?.drain;
  if (!drain) return undefined;
  const byNode = new Map<string, number>();
  for (const { node } of drain.moves) if (node !== undefined) byNode.set(node, (byNode.get(node) ?? 0) + 1);
  return { ...drain, byNode };
}

/** The whole of it in one sentence or two. */
export function drainInWords({ moves, blockedBy }: DrainPlan): string {
  const having = (...outcomes: DrainOutcome[]) =>
    moves.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const [homeless, lost, unknown] = [having('homeless'), having('lost'), having('unknown')];
  const leaving = moves.length - having('finished');
  if (leaving === 0) return 'Nothing that runs has to leave.';
  const parts = [`${plural(leaving, 'pod')} would leave.`];
  if (homeless > 0) parts.push(`${plural(homeless, 'successor')} would find no node.`);
  if (lost > 0) parts.push(`${plural(lost, 'pod')} would be gone for good.`);
  if (homeless + lost + unknown === 0) parts.push('Every successor finds a node.');
  if (blockedBy.length > 0) {
    const waits = new Set(
      blockedBy.flatMap(({ namespace, pods }) => pods.map((pod) => `${namespace}/${pod}`)),
    );
    parts.push(
      `${plural(waits.size, 'pod')} must wait for ${blockedBy.length === 1 ? 'a budget' : 'budgets'}.`,
    );
  }
  return parts.join(' ');
}
