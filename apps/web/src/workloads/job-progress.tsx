import type { FleetJobProgress } from '@wheelhouse/shared/console/protocol';
import { plural } from '../words/amounts';

/** How far a job is: done of wanted, a bar, and how many work on it at once. */
export function JobProgress({ job }: { job: FleetJobProgress }) {
  const { completions, succeeded, active, parallelism, outcome } = job;
  const share = completions ? Math.min(1, succeeded / completions) : outcome === 'Complete' ? 1 : 0;
  const text =
    completions === undefined ? `${succeeded} done` : `${succeeded} of ${plural(completions, 'completion')}`;
  return (
    <span className="flex items-center gap-2.5" title={`${text}, up to ${parallelism} at once`}>
      {active > 0 ? (
        <span className="text-[12px] text-ink-3">
          {active} of {parallelism} at once
        </span>
      ) : null}
      {/* biome-ignore lint/a11y/useSemanticElements: drawn like every other meter of the console */}
      <span
        className="track w-[64px]"
        role="meter"
        aria-label="Done"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={text}
      >
        <i
          style={{
            transform: `scaleX(${share})`,
            background: outcome === 'Failed' ? 'var(--fail)' : 'var(--run)',
          }}
        />
      </span>
      <output
        data-testid="job-progress"
        className="text-[22px] leading-none font-[640] tracking-[-0.02em] whitespace-nowrap"
      >
        {succeeded}
        {completions === undefined ? null : <span className="font-medium text-ink-3">/{completions}</span>}
      </output>
    </span>
  );
}
