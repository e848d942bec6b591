import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { AuditRecord } from './audit-sink';

/**
 * Which writes become history: all that people or controllers decide, and none of the pulse.
 *
 * Left out, because they come by the thousand an hour, change nothing that anyone would look for or undo, and would
 * bury what matters:
 * - leases: node heartbeats and leader election (refused ones too: losing an election is no incident);
 * - events: they are themselves a record, with a life of their own;
 * - status writes of nodes that only move `lastHeartbeatTime`. A condition that really changes is kept.
 */
export function isRecorded(record: AuditRecord): boolean {
  const { group, resource, subresource } = record;
  if (resource === 'leases' && group === 'coordination.k8s.io') return false;
  if (resource === 'events' && (group === '' || group === 'events.k8s.io')) return false;
  if (resource === 'nodes' && group === '' && subresource === 'status') return !isHeartbeat(record);
  return true;
}

function isHeartbeat({ before, after }: AuditRecord): boolean {
  return before !== undefined && after !== undefined && pulse(before) === pulse(after);
}

/** The object without what a heartbeat moves. */
function pulse(object: KubeObject): string {
  return JSON.stringify(object, (key, value: unknown) =>
    key === 'lastHeartbeatTime' || key === 'resourceVersion' || key === 'managedFields' ? undefined : value,
  );
}
