'use client';
import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { toast } from '../ui/ui-store';

/** Replaces every pod, one after the other, the way `kubectl rollout restart` asks for it. */
export function RestartButton({ workload }: { workload: FleetWorkload }) {
  const restart = async () => {
    try {
      await callApi(pathOf(workload), {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: {
          spec: {
            template: {
              metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } },
            },
          },
        },
      });
      toast('done', `${workload.name} is being restarted`, 'Pod by pod, so that it goes on answering.');
    } catch (error) {
      toast('error', `${workload.name} was not restarted`, inWords(error));
    }
  };
  return (
    <button type="button" className="button" onClick={() => void restart()}>
      Restart
    </button>
  );
}
