'use client';
import { isNotFound, isTooManyRequests } from '@wheelhouse/shared/errors';
import type { PlacementPreview } from '@wheelhouse/shared/scheduling/placement-preview';
import { create } from 'zustand';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { fleet } from '../fleet/connection';
import { toast } from '../ui/ui-store';
import { type DrainPlan, drainQuestion, readDrain } from './drain-plan';

export type MoveState = 'waiting' | 'asked' | 'held' | 'gone' | 'failed';

/** A drain under way. It goes on when its panel is closed, and ends with the page: the cordon stays. */
export interface DrainRun {
  readonly node: string;
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, { readonly state: MoveState; readonly why?: string }>;
  readonly ended: boolean;
}

interface DrainState {
  /** What is looked at before anything is done: its ghosts stand on the nodes. */
  readonly plan: DrainPlan | undefined;
  readonly runs: Readonly<Record<string, DrainRun>>;
}

export const useDrain = create<DrainState>(() => ({ plan: undefined, runs: {} }));

/** Asks again; the plan of a panel that was closed meanwhile is not shown. */
export async function askForDrain(node: string, signal: AbortSignal): Promise<void> {
  const { path, body } = drainQuestion(node);
  // The API's answer to a PlacementPreview is a PlacementPreview.
  const answer = (await callApi(path, { method: 'POST', body, signal })) as PlacementPreview;
  if (!signal.aborted) useDrain.setState({ plan: readDrain(answer) });
}

export function forgetPlan(): void {
  useDrain.setState({ plan: undefined });
}

/** A budget may allow the next eviction as soon as a successor is ready. */
const RETRY_MS = 1_500;
const AT_ONCE = 8;

const cancelled = new Set<string>();

/** Cordons the node, then asks each pod to leave; budgets make it wait, never make it fail. */
export async function drain(plan: DrainPlan): Promise<void> {
  const { node } = plan;
  cancelled.delete(node);
  const keys = plan.moves.map(({ namespace, pod }) => `${namespace}/${pod}`);
  forgetPlan();
  setRun(node, { node, pods: new Map(keys.map((key) => [key, { state: 'waiting' }])), ended: false });
  try {
    await callApi(pathOf({ resource: 'nodes', name: node }), {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { spec: { unschedulable: true } },
    });
  } catch (error) {
    setRun(node, undefined);
    toast('error', `${node} is not drained`, inWords(error));
    return;
  }
  const queue = plan.moves.values();
  const worker = async () => {
    for (const { namespace, pod } of queue) {
      if (cancelled.has(node)) return;
      await evict(node, { namespace, name: pod });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const run = useDrain.getState().runs[node];
  if (!run) return;
  setRun(node, { ...run, ended: true });
  const failed = [...run.pods.values()].filter(({ state }) => state === 'failed').length;
  if (cancelled.has(node)) toast('done', `Draining ${node} was stopped`, 'It stays cordoned.');
  else if (failed > 0) toast('error', `${node} is not empty`, `${failed} of its pods could not be evicted.`);
  else toast('done', `${node} is drained`, 'It stays cordoned until you uncordon it.');
}

export function stopDrain(node: string): void {
  cancelled.add(node);
}

export function forgetRun(node: string): void {
  setRun(node, undefined);
}

async function evict(node: string, { namespace, name }: { namespace: string; name: string }): Promise<void> {
  const key = `${namespace}/${name}`;
  const before = fleet.get(`pods/${key}`);
  for (;;) {
    try {
      await callApi(`${pathOf({ resource: 'pods', namespace, name })}/eviction`, {
        method: 'POST',
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          ...(before ? { deleteOptions: { preconditions: { uid: before.uid } } } : {}),
        },
      });
      note(node, key, 'asked');
      break;
    } catch (error) {
      // Somebody else took it away, or a stateful set has put a new one in its place.
      if (isNotFound(error) || fleet.get(`pods/${key}`)?.uid !== before?.uid) {
        note(node, key, 'gone');
        return;
      }
      if (!isTooManyRequests(error)) {
        note(node, key, 'failed', inWords(error));
        return;
      }
      note(node, key, 'held', inWords(error));
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (cancelled.has(node)) return;
    }
  }
  await gone(key, before?.uid);
  note(node, key, 'gone');
}

/** Resolves when the stream shows it no more: its containers have stopped. */
function gone(key: string, uid: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      const pod = fleet.get(`pods/${key}`);
      if (pod && pod.uid === uid) return;
      stop();
      resolve();
    };
    const stop = fleet.subscribe(`object:pods/${key}`, check);
    check();
  });
}

function note(node: string, key: string, state: MoveState, why?: string): void {
  const run = useDrain.getState().runs[node];
  if (!run) return;
  const pods = new Map(run.pods).set(key, { state, ...(why ? { why } : {}) });
  setRun(node, { ...run, pods });
}

function setRun(node: string, run: DrainRun | undefined): void {
  useDrain.setState(({ runs }) => {
    const { [node]: _, ...rest } = runs;
    return { runs: run ? { ...rest, [node]: run } : rest };
  });
}
