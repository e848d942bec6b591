'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import type {
  NodeExplanation,
  SchedulingExplanation,
} from '@wheelhouse/shared/scheduling/scheduling-explanation';
import { useEffect, useState } from 'react';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { Part } from '../detail/facts';

/** The scores that decided, asked for when somebody wants to know: answering is work for the scheduler. */
export function WhyHere({ pod }: { pod: FleetPod }) {
  const [open, setOpen] = useState(false);
  return (
    <Part
      title={`Why it is on ${pod.node}`}
      note={
        <button
          type="button"
          className="link text-[12.5px]"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Close' : 'Show the scores'}
        </button>
      }
    >
      {open ? <Scores pod={pod} /> : null}
    </Part>
  );
}

const SHOWN = 8;

function Scores({ pod }: { pod: FleetPod }) {
  const [answer, setAnswer] = useState<SchedulingExplanation['status'] | string>();
  const path = `${pathOf(pod)}/schedulingexplanation`;
  useEffect(() => {
    const abort = new AbortController();
    callApi(path, { signal: abort.signal }).then(
      // The path names the kind of the answer.
      (explanation) => setAnswer((explanation as SchedulingExplanation).status),
      (error: unknown) => {
        if (!abort.signal.aborted) setAnswer(inWords(error));
      },
    );
    return () => abort.abort();
  }, [path]);
  if (answer === undefined) return <p className="text-[13px] text-ink-3">Asking the scheduler…</p>;
  if (typeof answer === 'string')
    return <p className="text-[13px] text-ink-3">It cannot be told. {answer}</p>;
  const scored = answer.nodes.filter(({ total }) => total !== undefined);
  const best = Math.max(1, ...scored.map(({ total }) => total ?? 0));
  return (
    <div data-testid="scores">
      <p className="text-[13px] text-ink-2">
        {answer.summary}
        {answer.basis === 'now' ? ' These are the scores of today, without the pod itself.' : ''}
      </p>
      <ul className="mt-2.5 flex flex-col gap-2 text-[13px]">
        {scored.slice(0, SHOWN).map((node) => (
          <Score key={node.node} node={node} best={best} here={node.node === pod.node} />
        ))}
        {answer.nodes
          .filter(({ fits }) => !fits)
          .slice(0, SHOWN)
          .map(({ node, refusals }) => (
            <li key={node} className="grid grid-cols-[110px_minmax(0,1fr)] gap-2">
              <span className="truncate">{node}</span>
              <span className="text-ink-3">{refusals.flatMap(({ reasons }) => reasons).join(', ')}</span>
            </li>
          ))}
      </ul>
    </div>
  );
}

function Score({ node, best, here }: { node: NodeExplanation; best: number; here: boolean }) {
  const parts = (node.scores ?? []).filter(({ score, weight }) => score * weight !== 0);
  return (
    <li className="grid grid-cols-[110px_minmax(0,1fr)_44px] items-center gap-x-2 gap-y-0.5">
      <span className={`truncate ${here ? 'font-semibold' : ''}`}>{node.node}</span>
      <span className="track" aria-hidden="true">
        <i
          style={{
            transform: `scaleX(${(node.total ?? 0) / best})`,
            ...(here ? { background: 'var(--run)' } : {}),
          }}
        />
      </span>
      <span className="figures text-right">{node.total}</span>
      <span />
      <span className="col-span-2 text-[12px] text-ink-3">
        {parts.map(({ plugin, score, weight }) => `${plugin} ${score * weight}`).join(', ') ||
          'no plugin prefers it'}
      </span>
    </li>
  );
}
