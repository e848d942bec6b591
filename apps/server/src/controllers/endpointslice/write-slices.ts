import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import type { OwnerReference } from 'kubernetes-types/meta/v1';
import { sameJson } from '../machinery/same-json';
import { withTriggerTime } from '../serving/trigger-times';
import type { SlicePlan } from './pack';

/** What all slices of one service have in common. */
export interface SliceHead {
  readonly namespace: string;
  /** Of the service. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: they are not this controller's affair. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences: OwnerReference[];
  /** When what is written now was set off, should that be known. */
  readonly triggerTime?: string | undefined;
}

/** Carries a plan out; slices whose head has changed are written too. `existing` are those that were planned with. */
export async function writeSlices(
  client: Client,
  existing: readonly Stored<EndpointSlice>[],
  plan: SlicePlan,
  head: SliceHead,
): Promise<void> {
  const { namespace, name, labels, annotations, ownerReferences, triggerTime } = head;
  const update = new Map(plan.update.map(({ slice, endpoints }) => [keyOf(slice), endpoints]));
  const removed = new Set(plan.remove.map(keyOf));
  // New addresses first, so that no moment has fewer of them than before or after.
  for (const content of plan.create) {
    const metadata = {
      // Leaves room for the five generated characters.
      generateName: `${name.slice(0, 57)}-`,
      namespace,
      labels,
      annotations: withTriggerTime(annotations, triggerTime),
      ownerReferences,
    };
    await client.create(endpointSliceKind, { metadata, ...content });
  }
  for (const slice of existing) {
    const key = keyOf(slice);
    const endpoints = update.get(key);
    const same =
      sameJson(slice.metadata.labels, labels) &&
      (!annotations || sameJson(slice.metadata.annotations ?? {}, annotations));
    if (removed.has(key) || (!endpoints && same)) continue;
    const noted = withTriggerTime(annotations ?? slice.metadata.annotations, triggerTime);
    const metadata = { ...slice.metadata, labels, annotations: noted };
    await client.update(endpointSliceKind, { ...slice, metadata, ...(endpoints ? { endpoints } : {}) });
  }
  await removeSlices(client, plan.remove);
}

export async function removeSlices(client: Client, slices: readonly Stored<EndpointSlice>[]): Promise<void> {
  await Promise.all(
    slices.map(async ({ metadata }) => {
      try {
        await client.delete(endpointSliceKind, metadata, { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}
