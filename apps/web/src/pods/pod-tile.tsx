'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { memo } from 'react';
import { ShowLink } from '../ui/show';
import { lookOf, podInWords } from '../words/pod-words';

interface PodTileProps {
  readonly pod: FleetPod;
  readonly size: number;
  readonly testId: string;
  /** Drawn quietly: it belongs to something else than what is looked at. */
  readonly quiet?: boolean;
  /** Would leave, if the hand let go now. */
  readonly going?: boolean;
}

/** One pod as a shape that opens its detail. Redrawn only when this pod changes. */
export const PodTile = memo(function PodTile({
  pod,
  size,
  testId,
  quiet = false,
  going = false,
}: PodTileProps) {
  const look = lookOf(pod);
  const label = `${pod.name} ${podInWords(pod)}`;
  return (
    <ShowLink
      to={{ resource: 'pods', namespace: pod.namespace, name: pod.name }}
      className="tile"
      style={{ '--tile': `${size}px`, '--edge': size < 14 ? '1px' : '1.6px' } as React.CSSProperties}
      data-testid={testId}
      data-phase={pod.phase}
      data-look={quiet && look === 'running' ? 'quiet' : look}
      data-going={going || undefined}
      data-new={Date.now() - Date.parse(pod.created) < 3_000 || undefined}
      aria-label={label}
      title={label}
    />
  );
});
