'use client';
import type { PlacementPreview } from '@wheelhouse/shared/scheduling/placement-preview';
import { useEffect } from 'react';
import { callApi } from '../api/call-api';
import { previewRequest, readPreview } from './preview-wire';
import { type Held, showPreview, useScale } from './scale-store';

/** Where pods would go if the hand let go now, as the scheduler says. */
export interface Preview {
  readonly target: number;
  /** New pods a node. */
  readonly byNode: ReadonlyMap<string, number>;
  /** How many of the new pods fit. */
  readonly fitting: number;
  /** Names of the pods that would be deleted. */
  readonly leaving: ReadonlySet<string>;
  /** How many less important pods of others would have to make room. */
  readonly evicted: number;
  /** All replicas of this workload that fit, those that run included; undefined when no limit was found. */
  readonly room: number | undefined;
  /** What stands in the way of more, in words. */
  readonly limit: string | undefined;
}

/**
 * Keeps the store's preview close to the held target: one question at a time, always the latest wish, so a slow
 * answer delays the ghosts and never the hand. A cluster without previews (its scheduler is another one) answers
 * 404 once, and dragging goes on without.
 */
export function usePreviewFeed(): void {
  useEffect(() => {
    let asking = false;
    let absent = false;
    const ask = async (held: Held) => {
      asking = true;
      try {
        const { path, body } = previewRequest(held.workload, held.target);
        // The API's answer to a PlacementPreview is a PlacementPreview.
        const answer = (await callApi(path, { method: 'POST', body })) as PlacementPreview;
        const preview = readPreview(answer, held.target);
        if (useScale.getState().held?.key === held.key) showPreview(preview);
      } catch (error) {
        absent = isAbsent(error);
      } finally {
        asking = false;
      }
      const next = useScale.getState().held;
      if (next && next.wanted !== held.wanted && !absent) void ask(next);
    };
    return useScale.subscribe(({ held }, previous) => {
      if (!held || asking || absent || held.wanted === previous.held?.wanted) return;
      void ask(held);
    });
  }, []);
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 404;
}
