import type { Event } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Event };

export const eventKind: KindDefinition<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Event',
};
