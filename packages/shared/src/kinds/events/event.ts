import type { Event as CoreEvent } from 'kubernetes-types/core/v1';
import type { Event } from 'kubernetes-types/events/v1';
import { type FieldError, forbidden, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition, PrintColumn } from '../../meta/kind';
import { eventKind } from '../core/event';
import { nullWhenUnset } from '../null-times';

export type { Event };

/** The newer form of the same stored objects as core events: fields have other names, and more of them are required. */
export const eventsEventKind: KindDefinition<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'io.k8s.api.events.v1.Event',
  selectableFields: {
    'regarding.kind': (event) => event.regarding?.kind ?? '',
    'regarding.namespace': (event) => event.regarding?.namespace ?? '',
    'regarding.name': (event) => event.regarding?.name ?? '',
    'regarding.uid': (event) => event.regarding?.uid ?? '',
    reason: (event) => event.reason ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
  columns: (eventKind.columns ?? []).map(throughCore),
  default(event) {
    event.deprecatedSource ??= {};
    nullWhenUnset(event, 'eventTime', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp');
  },
  validate: validateNewEvent,
  storedAs: eventKind,
  convert: {
    // Both are what the registry stores under core events.
    fromStored: (object) => fromCore(object as CoreEvent),
    toStored: (object) => toCore(object),
  },
};

/** Prints a new event by the columns of the old one. */
function throughCore(column: PrintColumn<CoreEvent>): PrintColumn<Event> {
  return { ...column, cell: (event, now) => column.cell(toCore(event), now) };
}

function fromCore(event: CoreEvent): Event {
  const {
    involvedObject,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    message,
    reportingComponent,
    series,
    ...same
  } = event;
  return {
    ...same,
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Null when unset, as both kinds' defaults make it; the types know no null.
    eventTime: same.eventTime as string,
    ...(series
      ? { series: { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? '' } }
      : {}),
    ...(reportingComponent ? { reportingController: reportingComponent } : {}),
    regarding: involvedObject,
    ...(message === undefined ? {} : { note: message }),
    deprecatedSource: source ?? {},
    ...(count === undefined ? {} : { deprecatedCount: count }),
    ...(firstTimestamp === undefined ? {} : { deprecatedFirstTimestamp: firstTimestamp }),
    ...(lastTimestamp === undefined ? {} : { deprecatedLastTimestamp: lastTimestamp }),
  };
}

function toCore(event: Event): CoreEvent {
  const {
    regarding,
    note,
    reportingController,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    metadata,
    ...same
  } = event;
  return {
    ...same,
    apiVersion: 'v1',
    kind: 'Event',
    metadata: metadata ?? {},
    involvedObject: regarding ?? {},
    ...(note === undefined ? {} : { message: note }),
    reportingComponent: reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
    source: deprecatedSource ?? {},
    ...(deprecatedCount === undefined ? {} : { count: deprecatedCount }),
    ...(deprecatedFirstTimestamp === undefined ? {} : { firstTimestamp: deprecatedFirstTimestamp }),
    ...(deprecatedLastTimestamp === undefined ? {} : { lastTimestamp: deprecatedLastTimestamp }),
  };
}

const MAX_NOTE_BYTES = 1024;

function validateNewEvent(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata?.namespace ?? '';
  const about = event.regarding?.namespace ?? '';
  // Kubernetes names the old field here too.
  if (about === '' ? namespace !== 'default' && namespace !== 'kube-system' : about !== namespace) {
    errors.push(invalidValue('involvedObject.namespace', about, 'does not match event.namespace'));
  }
  if (!event.eventTime) {
    // Written by an older client and only read by this one: nothing more is asked of it.
    if (event.deprecatedFirstTimestamp || event.deprecatedCount) return errors;
    errors.push(required('eventTime'));
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue('type', event.type ?? '', `has invalid value: ${event.type ?? ''}`));
  }
  if (!event.eventTime) return errors;
  if (!event.reportingController) errors.push(required('reportingController'));
  if (!event.reportingInstance) errors.push(required('reportingInstance'));
  if (!event.action) errors.push(required('action'));
  if (!event.reason) errors.push(required('reason'));
  if ((event.note?.length ?? 0) > MAX_NOTE_BYTES) {
    errors.push(invalidValue('message', '', `can have at most ${MAX_NOTE_BYTES} characters`));
  }
  if (event.deprecatedCount) errors.push(forbidden('count', 'needs to be unset'));
  return errors;
}
