import type { PlacedStep } from './core/scheduler-core';
import type { Extender } from './framework/extender';
import type { Cycle } from './framework/plugin';
import type { WaitingPods } from './framework/waiting-pods';
import type { SnapshotView } from './snapshot/snapshot';

export type BindOutcome = { readonly kind: 'bound' } | { readonly kind: 'failed'; readonly error: unknown };

export interface BindContext {
  readonly snapshot: SnapshotView;
  readonly signal: AbortSignal;
  readonly waitingPods: WaitingPods;
  /** Binds in the place of plugins. */
  readonly extender?: Extender;
}

/** Runs permit, preBind, bind and postBind for a placed pod. Never throws. */
export async function bindPod(step: PlacedStep, context: BindContext): Promise<BindOutcome> {
  const { framework, info, node } = step;
  const cycle: Cycle = { pod: info, snapshot: context.snapshot };
  try {
    await permit(step, cycle, context);
    for (const plugin of framework.preBinds) await plugin.preBind(cycle, node, context.signal);
    if (context.extender?.bind) await context.extender.bind(info, node);
    else if (!(await bindByFirst(step, cycle))) throw new Error(`no plugin binds ${info.key}`);
  } catch (error) {
    return { kind: 'failed', error };
  }
  for (const plugin of framework.postBinds) plugin.postBind(cycle, node);
  return { kind: 'bound' };
}

/** Asks all plugins first; those that want to wait are then waited for together. Throws for a refusal. */
async function permit(
  { framework, info, node }: PlacedStep,
  cycle: Cycle,
  context: BindContext,
): Promise<void> {
  const waits = new Map<string, number>();
  for (const plugin of framework.permits) {
    const answer = await plugin.permit(cycle, node, context.signal);
    if (!answer) continue;
    if ('waitMs' in answer) waits.set(plugin.name, answer.waitMs);
    else throw new Error(`${plugin.name}: ${answer.reasons.join(', ')}`);
  }
  if (waits.size === 0) return;
  const refusal = await context.waitingPods.hold(info, node, waits, context.signal);
  if (refusal) throw new Error(refusal.reasons.join(', '));
}

async function bindByFirst({ framework, node }: PlacedStep, cycle: Cycle) {
  for (const plugin of framework.binds) if (await plugin.bind(cycle, node)) return true;
  return false;
}
