import type { Event } from 'kubernetes-types/events/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Event };

export const eventsEventKind: KindDefinition<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'io.k8s.api.events.v1.Event',
};
