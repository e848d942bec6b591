'use client';
import type { FleetKey, FleetObject, FleetResource } from '@wheelhouse/shared/console/protocol';
import { useCallback, useSyncExternalStore } from 'react';
import { fleet } from './connection';

/** Workloads share one shape for three resources, so it asks whether the shape can be of that resource. */
export type OfResource<R extends FleetResource, O = FleetObject> = O extends { resource: infer X }
  ? R extends X
    ? O
    : never
  : never;

function useTopic<T>(topic: string, read: () => T, before: T): T {
  const subscribe = useCallback((listener: () => void) => fleet.subscribe(topic, listener), [topic]);
  return useSyncExternalStore(subscribe, read, () => before);
}

const NONE: readonly FleetObject[] = [];

export function useFleetObject(key: FleetKey | undefined): FleetObject | undefined {
  return useTopic<FleetObject | undefined>(
    `object:${key}`,
    () => (key === undefined ? undefined : fleet.get(key)),
    undefined,
  );
}

/** One set of the fleet, oldest first: `node:<name>`, `owner:<uid>`, `workload:<uid>`, `about:…`, `service:…`. */
export function useFleetSet<R extends FleetResource>(name: string): readonly OfResource<R>[] {
  // Each set's name fixes the resource of its members; callers name both.
  return useTopic(`set:${name}`, () => fleet.set(name), NONE) as readonly OfResource<R>[];
}

/** All objects of a resource, oldest first; of one namespace, or of all. */
export function useAll<R extends FleetResource>(resource: R, namespace?: string): readonly OfResource<R>[] {
  return useFleetSet<R>(namespace ? `${resource}/${namespace}` : resource);
}

export function useCount(set: string): number {
  return useTopic(`set:${set}`, () => fleet.count(set), 0);
}

/** Whether the first snapshot is in. */
export function useFleetComplete(): boolean {
  return useTopic('complete', () => fleet.complete, false);
}
