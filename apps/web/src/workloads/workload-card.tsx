'use client';
import { type FleetWorkload, fleetKey } from '@wheelhouse/shared/console/protocol';
import { memo, useMemo } from 'react';
import { useFleetSet } from '../fleet/hooks';
import { PodStrip } from '../scale/pod-strip';
import { PreviewSentence } from '../scale/preview-sentence';
import { useScale } from '../scale/scale-store';
import { ShowLink, useShown } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { Guards } from './guards';
import { JobProgress } from './job-progress';
import { byName, workloadKind, workloadTestId } from './model';
import { ReplicaCount } from './replica-count';
import { WorkloadStory } from './workload-story';

/** A workload: its name, how many, a tile per pod, the handle, and a line that says what is going on. */
export const WorkloadCard = memo(function WorkloadCard({ workload }: { workload: FleetWorkload }) {
  const key = fleetKey(workload);
  const known = useFleetSet<'pods'>(`workload:${workload.uid}`);
  // The pods of a stateful set have places: web-0 stands first, however often it was made anew.
  const placed = workload.resource === 'statefulsets';
  const pods = useMemo(
    () => (placed ? [...known].sort((a, b) => byName.compare(a.name, b.name)) : known),
    [placed, known],
  );
  const held = useScale((state) => (state.held?.key === key ? state.held : undefined));
  const preview = useScale((state) => (state.held?.key === key ? state.preview : undefined));
  const desired = useScale((state) => state.pending[key]) ?? workload.desired;
  const shown = useShown();
  const open =
    shown?.resource === workload.resource &&
    shown.name === workload.name &&
    shown.namespace === workload.namespace;

  return (
    <article
      className="card px-4 pt-3.5 pb-3"
      data-testid={workloadTestId(workload)}
      data-held={held ? true : undefined}
      data-open={open || undefined}
      aria-label={`${workload.name}, ${workloadKind(workload)} in ${workload.namespace}`}
      onPointerEnter={() => useUi.setState({ focus: workload.uid })}
      onPointerLeave={() => useUi.setState({ focus: undefined })}
    >
      <header className="flex items-baseline gap-2">
        <h3 className="min-w-0 truncate text-[15px] font-[620] tracking-[-0.01em]">
          <ShowLink
            to={{ resource: workload.resource, namespace: workload.namespace, name: workload.name }}
            className="hover:underline hover:decoration-line-strong hover:underline-offset-4"
          >
            {workload.name}
          </ShowLink>
        </h3>
        <span className="truncate text-[12px] text-ink-3">
          {workloadKind(workload)} · {workload.namespace}
        </span>
        <span className="flex-1" />
        {workload.job ? (
          <JobProgress job={workload.job} />
        ) : (
          <ReplicaCount ready={workload.ready} desired={desired} held={held} />
        )}
      </header>
      <PodStrip workload={workload} pods={pods} desired={desired} held={held} preview={preview} />
      {held ? (
        <div className="border-t border-line pt-2">
          <PreviewSentence held={held} preview={preview} />
        </div>
      ) : (
        <WorkloadStory workload={workload} pods={pods} desired={desired} />
      )}
      <Guards workload={workload} />
    </article>
  );
});
