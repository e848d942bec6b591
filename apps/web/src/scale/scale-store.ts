'use client';
import {
  type FleetAutoscaler,
  type FleetKey,
  type FleetWorkload,
  fleetKey,
} from '@wheelhouse/shared/console/protocol';
import { create } from 'zustand';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { fleet } from '../fleet/connection';
import { toast } from '../ui/ui-store';
import { plural } from '../words/amounts';
import { autoscalerSet } from '../workloads/model';
import { type Bounds, boundsFor } from './autoscaled';
import { softStop } from './drag-math';
import type { Preview } from './preview';

export type HeldBy = 'pointer' | 'keys';

/** A workload whose handle is in somebody's hand, or under their keys. */
export interface Held {
  readonly key: FleetKey;
  readonly workload: FleetWorkload;
  /** Replicas when it was taken. */
  readonly origin: number;
  /** What the hand or the keys ask for. */
  readonly wanted: number;
  /** What letting go sets. A hand is stopped at what fits; who types a number gets it. */
  readonly target: number;
  readonly by: HeldBy;
  /** Who decides about the number, if it is not a person. */
  readonly autoscaler: FleetAutoscaler | undefined;
}

interface ScaleState {
  readonly held: Held | undefined;
  /** Where the held target would go, as of the last answer; it may be for an earlier target. */
  readonly preview: Preview | undefined;
  /** What was asked for and is not yet what the server shows. */
  readonly pending: Readonly<Record<FleetKey, number>>;
}

export const useScale = create<ScaleState>(() => ({ held: undefined, preview: undefined, pending: {} }));

export function hold(workload: FleetWorkload, by: HeldBy): void {
  const key = fleetKey(workload);
  const origin = useScale.getState().pending[key] ?? workload.desired;
  const autoscaler = autoscalerOf(workload);
  const held = { key, workload, origin, wanted: origin, target: origin, by, autoscaler };
  useScale.setState({ held, preview: undefined });
}

function autoscalerOf(workload: FleetWorkload): FleetAutoscaler | undefined {
  const [first] = fleet.set(autoscalerSet(workload));
  return first?.resource === 'horizontalpodautoscalers' ? first : undefined;
}

export function moveTo(wanted: number, by: HeldBy): void {
  const { held, preview } = useScale.getState();
  if (held && (held.wanted !== wanted || held.by !== by)) {
    useScale.setState({ held: stopped({ ...held, wanted, by }, preview) });
  }
}

/** An answer may come when the hand is past the limit already: then it is led back. */
export function showPreview(preview: Preview | undefined): void {
  useScale.setState(({ held }) => ({ preview, held: held && stopped(held, preview) }));
}

function stopped(held: Held, preview: Preview | undefined): Held {
  const { wanted, origin, by } = held;
  const target = by === 'keys' ? wanted : softStop(wanted, origin, preview?.room);
  return { ...held, target };
}

export function cancelHold(): void {
  useScale.setState({ held: undefined, preview: undefined });
}

export function release(): void {
  const { held } = useScale.getState();
  cancelHold();
  if (!held || held.target === held.origin) return;
  if (!held.autoscaler) {
    void scaleTo(held.workload, held.target);
    return;
  }
  const bounds = boundsFor(held.autoscaler, held.target);
  if (bounds) void setBounds(held.autoscaler, bounds);
}

/** A number of its own would be taken back by the autoscaler at once: its bounds are what a person sets. */
async function setBounds(autoscaler: FleetAutoscaler, { min, max }: Bounds): Promise<void> {
  try {
    await callApi(pathOf(autoscaler), {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { spec: { minReplicas: min, maxReplicas: max } },
    });
    toast('done', `${autoscaler.name} now decides between ${min} and ${max}`);
  } catch (error) {
    toast('error', `${autoscaler.name} stays as it was`, inWords(error));
  }
}

/** Shown at once; the server corrects it: what it refuses goes back, and says why. */
export async function scaleTo(workload: FleetWorkload, target: number): Promise<void> {
  const key = fleetKey(workload);
  setPending(key, target);
  try {
    await callApi(`${pathOf(workload)}/scale`, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: target } },
    });
    await shows(key, target);
  } catch (error) {
    toast(
      'error',
      `${workload.name} stays as it was`,
      `It could not be set to ${plural(target, 'replica')}. ${inWords(error)}`,
    );
  } finally {
    // A later wish for the same workload keeps its own place.
    if (useScale.getState().pending[key] === target) setPending(key, undefined);
  }
}

function setPending(key: FleetKey, target: number | undefined): void {
  useScale.setState(({ pending }) => {
    const { [key]: _, ...rest } = pending;
    return { pending: target === undefined ? rest : { ...rest, [key]: target } };
  });
}

/** Resolves once the stream shows the accepted number, so that the card does not flicker back in between. */
function shows(key: FleetKey, target: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const check = () => {
      const object = fleet.get(key);
      if (!object || !('desired' in object) || object.desired === target) finish();
    };
    const stop = fleet.subscribe(`object:${key}`, check);
    // Somebody else may have set another number at once: then the server's word counts.
    const timer = setTimeout(finish, 3_000);
    check();
  });
}
