'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { memo } from 'react';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { lookOf, podDetail, podInWords } from '../words/pod-words';

/** A pod as a line: shape, name, how it is in words. */
export const PodRow = memo(function PodRow({ pod }: { pod: FleetPod }) {
  return (
    <ShowLink
      to={{ resource: 'pods', namespace: pod.namespace, name: pod.name }}
      className="-mx-2 grid grid-cols-[18px_minmax(0,1fr)_auto] items-center gap-2.5 rounded-lg px-2 py-1.5 text-[13px] hover:bg-(--wash)"
      title={podDetail(pod)}
    >
      <i className="tile [--tile:15px]" data-look={lookOf(pod)} aria-hidden="true" />
      <span className="min-w-0 truncate">
        <b className="font-medium text-ink">{pod.name}</b>{' '}
        <span className="text-ink-3">{podInWords(pod)}</span>
      </span>
      <span className="text-[12.5px] text-ink-3">
        <Age time={pod.created} />
      </span>
    </ShowLink>
  );
});
