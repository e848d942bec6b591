'use client';
import { useConnection } from '../fleet/connection';
import { figure } from '../words/amounts';

/** Whether what is seen is true: the delay to the server, and the revision of the cluster that is shown. */
export function LiveChip() {
  const { status, delay, revision, current } = useConnection();
  const state = status === 'live' && !current ? 'behind' : status;
  const text = {
    live: `live · ${delay === undefined ? '–' : delay} ms`,
    behind: 'the API does not answer',
    connecting: 'connecting',
    lost: 'connection lost',
    'signed-out': 'signed out',
  }[state];
  return (
    <span
      className="chip"
      data-testid="live-chip"
      data-state={state}
      role="status"
      title="Delay to the server, and the cluster's revision that you see"
    >
      <i
        className="pulse"
        data-state={state === 'live' ? undefined : state === 'connecting' ? 'connecting' : 'lost'}
      />
      <span>
        {text}
        {state === 'live' ? (
          <span className="hidden lg:inline"> · rev {revision === undefined ? '–' : figure(revision)}</span>
        ) : null}
      </span>
    </span>
  );
}
