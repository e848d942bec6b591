'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import type { SchedulingExplanation } from '@wheelhouse/shared/scheduling/scheduling-explanation';
import { useEffect, useState } from 'react';
import { callApi } from '../api/call-api';
import { pathOf } from '../api/paths';

/**
 * Why no node takes the pod, asked anew with every verdict. Undefined before the answer, and where another scheduler
 * decides, which explains nothing.
 */
export function useExplanation(pod: FleetPod): SchedulingExplanation['status'] | undefined {
  const [explanation, setExplanation] = useState<SchedulingExplanation['status']>();
  const path = `${pathOf(pod)}/schedulingexplanation`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new verdict is the reason to ask again
  useEffect(() => {
    const abort = new AbortController();
    callApi(path, { signal: abort.signal }).then(
      // The path names the kind of the answer.
      (answer) => setExplanation((answer as SchedulingExplanation).status),
      () => setExplanation(undefined),
    );
    return () => abort.abort();
  }, [path, pod.unscheduled]);
  return explanation;
}
