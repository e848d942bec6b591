import type { FleetPod } from '@wheelhouse/shared/console/protocol';

export interface StripPlan {
  /** Pods that count as replicas: neither leaving nor ended. */
  readonly active: number;
  /** Names of the pods that would leave: as the preview says, until then the newest. */
  readonly going: ReadonlySet<string>;
  /** Places for pods that are asked for and not made yet. */
  readonly asked: number;
  /** Places that the hand asks for and that fit, or may fit. */
  readonly ghosts: number;
  /** Places beyond what is known to fit. */
  readonly beyond: number;
}

/** What the strip shows beside the pods: pure, so that the picture mid-drag can be tested. */
export function planStrip(
  pods: readonly FleetPod[],
  state: {
    readonly desired: number;
    readonly target: number | undefined;
    readonly room: number | undefined;
    readonly leaving?: ReadonlySet<string> | undefined;
  },
): StripPlan {
  const { desired, room } = state;
  const target = state.target ?? desired;
  const active = pods.filter((pod) => !['Terminating', 'Failed', 'Succeeded'].includes(pod.phase));
  const count = Math.max(0, active.length - target);
  const known = state.leaving?.size === count ? state.leaving : undefined;
  const going = known ?? new Set(active.slice(target).map((pod) => pod.name));
  const missing = Math.max(0, target - active.length);
  const asked = Math.min(missing, Math.max(0, desired - active.length));
  const beyond =
    room === undefined ? 0 : Math.min(missing - asked, Math.max(0, target - Math.max(room, desired)));
  return { active: active.length, going, asked, ghosts: missing - asked - beyond, beyond };
}
