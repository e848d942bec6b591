import type { Framework } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import type { Rejection } from '../framework/rejection';

/** Lets every plugin reserve what it needs on the node; takes all of it back when one refuses. */
export function reserve(
  framework: Framework,
  cycle: Cycle,
  node: string,
): { rejection: Rejection; by: string } | undefined {
  for (const plugin of framework.reserves) {
    const rejection = plugin.reserve(cycle, node);
    if (!rejection) continue;
    unreserve(framework, cycle, node);
    return { rejection, by: plugin.name };
  }
  return undefined;
}

export function unreserve(framework: Framework, cycle: Cycle, node: string): void {
  for (const plugin of framework.reserves.toReversed()) plugin.unreserve(cycle, node);
}
