'use client';
import type { FleetNode } from '@wheelhouse/shared/console/protocol';
import type { DrainOutcome } from '@wheelhouse/shared/scheduling/placement-preview';
import { useEffect, useState } from 'react';
import { inWords } from '../api/call-api';
import { Part } from '../detail/facts';
import { useFleetSet } from '../fleet/hooks';
import { ShowLink } from '../ui/show';
import { schedulingInWords } from '../words/scheduling-words';
import { type DrainPlan, drainInWords } from './drain-plan';
import { DrainProgress } from './drain-progress';
import { askForDrain, drain, forgetPlan, useDrain } from './drain-store';

/** Emptying a node: first what would happen, pod by pod, then the doing. Ghosts stand on the nodes meanwhile. */
export function DrainTab({ node }: { node: FleetNode }) {
  const run = useDrain(({ runs }) => runs[node.name]);
  return run ? <DrainProgress run={run} /> : <DrainQuestion node={node} />;
}

function DrainQuestion({ node }: { node: FleetNode }) {
  const plan = useDrain((state) => (state.plan?.node === node.name ? state.plan : undefined));
  const pods = useFleetSet<'pods'>(`node:${node.name}`);
  const [error, setError] = useState<string>();
  // Asked again whenever who stands on the node changes.
  const standing = pods.map(({ uid }) => uid).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `standing` is the reason to ask again
  useEffect(() => {
    const abort = new AbortController();
    askForDrain(node.name, abort.signal).then(
      () => setError(undefined),
      (failure: unknown) => {
        if (!abort.signal.aborted) setError(inWords(failure));
      },
    );
    return () => abort.abort();
  }, [node.name, standing]);
  useEffect(() => forgetPlan, []);

  if (error) return <p className="text-[13px] text-fail-ink">What would happen cannot be told. {error}</p>;
  if (!plan) return <p className="text-[13px] text-ink-3">Asking the scheduler…</p>;
  return (
    <div data-testid="drain-preview">
      <p className="text-[14px] font-semibold" aria-live="polite">
        {drainInWords(plan)}
      </p>
      <p className="mt-1 mb-4 text-[13px] text-ink-2">
        Draining cordons {node.name}, then asks each pod to leave. Budgets are kept: what they hold back waits
        until they allow it.
      </p>
      <div className="mb-6 flex gap-2">
        <button type="button" className="button" data-tone="primary" onClick={() => void drain(plan)}>
          {plan.moves.length === 0 ? 'Cordon it' : `Drain ${node.name}`}
        </button>
      </div>
      <Blocks plan={plan} />
      <Moves plan={plan} />
      {plan.stays.length > 0 ? (
        <Part title="Stay" note={`${plan.stays.length}`}>
          <ul className="flex flex-col gap-1 text-[13px]">
            {plan.stays.map(({ namespace, pod, reason }) => (
              <li key={`${namespace}/${pod}`} className="grid grid-cols-[minmax(0,1fr)_minmax(0,1fr)] gap-3">
                <PodName namespace={namespace} pod={pod} />
                <span className="text-ink-3">{reason}</span>
              </li>
            ))}
          </ul>
        </Part>
      ) : null}
    </div>
  );
}

function Blocks({ plan }: { plan: DrainPlan }) {
  if (plan.blockedBy.length === 0) return null;
  return (
    <Part title="Held back by budgets">
      <ul className="flex flex-col gap-1.5 text-[13px]">
        {plan.blockedBy.map(({ namespace, budget, allowed, pods }) => (
          <li key={`${namespace}/${budget}`} data-testid="drain-block">
            <ShowLink className="link" to={{ resource: 'poddisruptionbudgets', namespace, name: budget }}>
              {budget}
            </ShowLink>{' '}
            allows {allowed === 0 ? 'no eviction' : `${allowed} at a time`} now;{' '}
            <span className="text-ink-3">waiting: {pods.join(', ')}</span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

const MOST = 300;
const ORDER: readonly DrainOutcome[] = ['homeless', 'lost', 'unknown', 'placed', 'finished'];
const LOOKS: Readonly<Record<DrainOutcome, 'ghost' | 'beyond' | 'unknown' | 'done'>> = {
  homeless: 'beyond',
  lost: 'beyond',
  unknown: 'unknown',
  placed: 'ghost',
  finished: 'done',
};

function Moves({ plan }: { plan: DrainPlan }) {
  if (plan.moves.length === 0) return null;
  // What finds no place first: that is what a person has to decide about.
  const moves = [...plan.moves].sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
  return (
    <Part title="Leave" note={`${plan.moves.length}`}>
      <ul className="flex flex-col gap-1.5 text-[13px]">
        {moves.slice(0, MOST).map(({ namespace, pod, node, outcome, reason }) => (
          <li
            key={`${namespace}/${pod}`}
            data-testid={`drain-move-${pod}`}
            className="grid grid-cols-[18px_minmax(0,1fr)_minmax(0,1fr)] items-baseline gap-2.5"
          >
            <i className="tile self-center [--tile:14px]" data-look={LOOKS[outcome]} aria-hidden="true" />
            <PodName namespace={namespace} pod={pod} />
            {node ? (
              <span>
                its successor goes to <b className="font-semibold">{node}</b>
              </span>
            ) : (
              <span
                className={`[overflow-wrap:anywhere] ${LOOKS[outcome] === 'beyond' ? 'text-fail-ink' : 'text-ink-3'}`}
              >
                {schedulingInWords(reason ?? 'finds no node')}
              </span>
            )}
          </li>
        ))}
      </ul>
      {moves.length > MOST ? (
        <p className="mt-2 text-[12.5px] text-ink-3">and {moves.length - MOST} more</p>
      ) : null}
    </Part>
  );
}

function PodName({ namespace, pod }: { namespace: string; pod: string }) {
  return (
    <span className="truncate">
      <ShowLink className="font-medium hover:underline" to={{ resource: 'pods', namespace, name: pod }}>
        {pod}
      </ShowLink>{' '}
      <span className="text-ink-3">{namespace}</span>
    </span>
  );
}
