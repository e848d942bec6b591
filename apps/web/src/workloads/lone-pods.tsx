'use client';
import { useFleetSet } from '../fleet/hooks';
import { CountedGroup } from '../pods/counted-group';
import { PodTile } from '../pods/pod-tile';
import { useUi } from '../ui/ui-store';
import { plural } from '../words/amounts';

const MOST = 200;

/** Pods that nothing keeps alive: when one ends, nobody makes another. */
export function LonePods() {
  const namespace = useUi((state) => state.namespace);
  const pods = useFleetSet<'pods'>(namespace ? `alone/${namespace}` : 'alone');
  if (pods.length === 0) return null;
  return (
    <article className="card mt-3 px-4 pt-3.5 pb-3" aria-label="Pods on their own" data-testid="lone-pods">
      <header className="flex items-baseline gap-2">
        <h3 className="text-[15px] font-[620] tracking-[-0.01em]">On their own</h3>
        <span className="text-[12px] text-ink-3">Pods that no workload replaces</span>
        <span className="flex-1" />
        <span className="text-[12.5px] text-ink-3">{plural(pods.length, 'pod')}</span>
      </header>
      <div className="mt-3 mb-1 flex flex-wrap gap-1.5">
        {pods.slice(0, MOST).map((pod) => (
          <PodTile key={pod.uid} pod={pod} size={20} testId={`pod-${pod.name}`} />
        ))}
        {pods.length > MOST ? <CountedGroup look="running" count={pods.length - MOST} /> : null}
      </div>
    </article>
  );
}
