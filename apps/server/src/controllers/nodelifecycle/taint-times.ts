import type { Clock } from '@wheelhouse/shared/clock';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node, Taint } from 'kubernetes-types/core/v1';

/** When taints came that do not say it themselves; those that people set by kubectl do not. */
export class TaintTimes {
  /** By node, then by taint. */
  readonly #seen = new Map<string, Map<string, string>>();

  constructor(private readonly clock: Clock) {}

  /** The taints of the node that drive pods away, each with a time. To be asked whenever the node has changed. */
  of({ metadata: { name }, spec }: Stored<Node>): Taint[] {
    const before = this.#seen.get(name);
    const now = new Map<string, string>();
    const taints = (spec?.taints ?? [])
      .filter(({ effect }) => effect === 'NoExecute')
      .map((taint) => {
        const id = `${taint.key}=${taint.value ?? ''}`;
        const timeAdded = taint.timeAdded ?? before?.get(id) ?? this.clock.now().toISOString();
        now.set(id, timeAdded);
        return { ...taint, timeAdded };
      });
    if (now.size) this.#seen.set(name, now);
    else this.#seen.delete(name);
    return taints;
  }

  forget(node: string): void {
    this.#seen.delete(node);
  }
}
