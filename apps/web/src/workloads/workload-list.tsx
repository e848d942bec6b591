'use client';
import { fleetKey } from '@wheelhouse/shared/console/protocol';
import { useWindowedRows } from '../ui/use-windowed-rows';
import { useWorkloads } from './use-workloads';
import { WorkloadCard } from './workload-card';

/** Up to this many cards all stand in the page; more are drawn as they come into view. */
const ALL_UP_TO = 60;

export function WorkloadList() {
  const workloads = useWorkloads();
  const windowed = useWindowedRows({
    count: workloads.length,
    estimate: 132,
    gap: 12,
    enabled: workloads.length > ALL_UP_TO,
  });
  if (!windowed.rows) {
    return (
      <div className="flex flex-col gap-3">
        {workloads.map((workload) => (
          <WorkloadCard key={fleetKey(workload)} workload={workload} />
        ))}
      </div>
    );
  }
  return (
    <div ref={windowed.listRef} className="relative" style={{ height: windowed.height }}>
      {windowed.rows.map(({ index, start }) => {
        const workload = workloads[index];
        return workload ? (
          <div
            key={fleetKey(workload)}
            ref={windowed.measure}
            data-index={index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start}px)` }}
          >
            <WorkloadCard workload={workload} />
          </div>
        ) : null;
      })}
    </div>
  );
}
