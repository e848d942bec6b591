'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { Part } from '../detail/facts';
import { bytes, cpus } from '../words/amounts';
import { usePodUsage } from './use-usage';

/** What a pod uses now and did in the last minutes, beside what it asked for. Nothing where nothing is measured. */
export function PodMeters({ pod }: { pod: FleetPod }) {
  const samples = usePodUsage(pod.namespace, pod.name);
  const last = samples.at(-1);
  if (!last) return null;
  return (
    <Part title="Uses now">
      <div className="grid grid-cols-2 gap-4" data-testid="pod-meters">
        <Meter
          name="CPU"
          values={samples.map(({ cpu }) => cpu)}
          asked={pod.cpu}
          text={`${cpus(last.cpu)}${pod.cpu ? ` of ${cpus(pod.cpu)} asked for` : ''}`}
        />
        <Meter
          name="Memory"
          values={samples.map(({ memory }) => memory)}
          asked={pod.memory}
          text={`${bytes(last.memory)}${pod.memory ? ` of ${bytes(pod.memory)} asked for` : ''}`}
        />
      </div>
    </Part>
  );
}

const WIDTH = 120;
const HEIGHT = 26;

function Meter({
  name,
  values,
  asked,
  text,
}: {
  name: string;
  values: readonly number[];
  asked: number;
  text: string;
}) {
  const top = Math.max(asked, ...values) || 1;
  const y = (value: number) => HEIGHT - 1 - (value / top) * (HEIGHT - 2);
  const step = WIDTH / Math.max(1, values.length - 1);
  const line =
    values.length === 1
      ? `M0 ${y(values[0] ?? 0)}H${WIDTH}`
      : values.map((value, index) => `${index === 0 ? 'M' : 'L'}${index * step} ${y(value)}`).join('');
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex justify-between gap-2 text-[12.5px]">
        <span className="text-ink-3">{name}</span>
        <span className="figures truncate text-ink-2">{text}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-[26px] w-full"
        aria-hidden="true"
      >
        {asked > 0 ? (
          <line
            x1="0"
            x2={WIDTH}
            y1={y(asked)}
            y2={y(asked)}
            stroke="var(--line-strong)"
            strokeDasharray="2 3"
            vectorEffect="non-scaling-stroke"
          />
        ) : null}
        <path
          d={line}
          fill="none"
          stroke="var(--run)"
          strokeWidth="1.6"
          vectorEffect="non-scaling-stroke"
          strokeLinejoin="round"
        />
      </svg>
    </figure>
  );
}
