import type { QueueSortPlugin } from '../framework/plugin';

/** Higher priority first, then whoever waits longest. */
export const prioritySort: QueueSortPlugin = {
  name: 'PrioritySort',
  compare: (a, b) => b.info.priority - a.info.priority || a.since - b.since,
};
