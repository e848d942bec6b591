import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';

/** On endpoints and slices: when that happened what they were last changed for. Whoever measures delays reads it. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: number;
  /** By pod name. */
  readonly pods: ReadonlyMap<string, number>;
}

/** What a service's endpoints follow: its own creation, and pods that become ready or cease to be. */
export class TriggerTimes {
  readonly #seen = new Map<ObjectKey, Seen>();

  /** The earliest of the times that are new since the last look; undefined: nothing new that says when it was. */
  look(service: Stored<Service>, pods: readonly Stored<Pod>[]): string | undefined {
    const key = keyOf(service);
    const last = this.#seen.get(key);
    const created = timeOf(service.metadata.creationTimestamp);
    const now = new Map<string, number>();
    const fresh: number[] = created > (last?.service ?? 0) ? [created] : [];
    for (const pod of pods) {
      const time = timeOf(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime);
      if (time === 0) continue;
      const { name } = pod.metadata;
      now.set(name, time);
      if (time > (last?.pods.get(name) ?? 0)) fresh.push(time);
    }
    this.#seen.set(key, { service: created, pods: now });
    if (fresh.length === 0) return undefined;
    const earliest = fresh.reduce((least, time) => Math.min(least, time));
    return new Date(earliest).toISOString().replace('.000Z', 'Z');
  }

  forget(key: ObjectKey): void {
    this.#seen.delete(key);
  }
}

/** The annotations with the time, or without one where none is known. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> {
  const { [TRIGGER_TIME]: _, ...others } = annotations ?? {};
  return time === undefined ? others : { ...others, [TRIGGER_TIME]: time };
}

/** In milliseconds; 0: none. */
function timeOf(text: string | null | undefined): number {
  return Date.parse(text ?? '') || 0;
}
