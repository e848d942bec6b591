import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';

/** Why a pod is about to be deleted, for the policies of its Job and for people. */
export interface Disruption {
  readonly reason: 'DeletionByTaintManager' | 'DeletionByPodGC';
  readonly message: string;
  /** A pod that nobody runs any more also counts as failed, so that whoever made it replaces it. */
  readonly failed?: boolean;
}

/**
 * Writes the pod's DisruptionTarget condition; a pod that has it keeps it as it is. False: there is no such pod any
 * more.
 */
export async function markDisrupted(
  client: Client,
  pod: Stored<Pod>,
  { disruption, now }: { readonly disruption: Disruption; readonly now: Date },
): Promise<boolean> {
  const conditions = pod.status?.conditions ?? [];
  const current = conditions.find(({ type }) => type === 'DisruptionTarget');
  const marked = current?.status === 'True' && current.reason === disruption.reason;
  const phase = disruption.failed ? 'Failed' : pod.status?.phase;
  if (marked && phase === pod.status?.phase) return true;
  const { reason, message } = disruption;
  const lastTransitionTime =
    current?.status === 'True' ? current.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime };
  const { uid, resourceVersion } = pod.metadata;
  const body = {
    // With its revision: a list of conditions is written as a whole.
    metadata: { uid, resourceVersion },
    status: {
      ...(phase ? { phase } : {}),
      conditions: [...conditions.filter((one) => one !== current), condition],
    },
  };
  try {
    await client.patch(podKind, pod.metadata, { type: 'merge', body }, { subresource: 'status' });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
