import type { PlacedStep } from './core/scheduler-core';
import type { Cycle } from './framework/plugin';
import type { SnapshotView } from './snapshot/snapshot';

export type BindOutcome = { readonly kind: 'bound' } | { readonly kind: 'failed'; readonly error: unknown };

/** Runs permit, preBind, bind and postBind for a placed pod. Never throws. */
export async function bindPod(
  step: PlacedStep,
  snapshot: SnapshotView,
  signal: AbortSignal,
): Promise<BindOutcome> {
  const { framework, info, node } = step;
  const cycle: Cycle = { pod: info, snapshot };
  try {
    for (const plugin of framework.permits) {
      const refusal = await plugin.permit(cycle, node, signal);
      if (refusal) throw new Error(`${plugin.name}: ${refusal.reasons.join(', ')}`);
    }
    for (const plugin of framework.preBinds) await plugin.preBind(cycle, node);
    if (!(await bindByFirst(step, cycle))) throw new Error(`no plugin binds ${info.key}`);
  } catch (error) {
    return { kind: 'failed', error };
  }
  for (const plugin of framework.postBinds) plugin.postBind(cycle, node);
  return { kind: 'bound' };
}

async function bindByFirst({ framework, node }: PlacedStep, cycle: Cycle) {
  for (const plugin of framework.binds) if (await plugin.bind(cycle, node)) return true;
  return false;
}
