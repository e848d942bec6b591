'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { useExplanation } from '../pods/use-explanation';
import { ShowLink } from '../ui/show';
import { plural } from '../words/amounts';
import { schedulingInWords } from '../words/scheduling-words';

/** Pods that no node takes: how many, why, and the least that would help the first of them. */
export function UnplacedPods({ first, count }: { first: FleetPod; count: number }) {
  const change = useExplanation(first)?.smallestChange;
  return (
    <p className="border-t border-line pt-2 text-[12.5px] leading-[1.55] text-ink-2">
      <ShowLink
        className="font-semibold text-brass-ink hover:underline"
        to={{ resource: 'pods', namespace: first.namespace, name: first.name }}
      >
        {count > 1 ? `${plural(count, 'pod')} wait for a node.` : `${first.name} is waiting for a node.`}
      </ShowLink>{' '}
      {schedulingInWords(first.unscheduled ?? '')}
      {change ? (
        <>
          {' '}
          <b className="font-semibold text-ink">It {change.text}.</b>
        </>
      ) : null}
    </p>
  );
}
