import type { Event as CoreEvent } from 'kubernetes-types/core/v1';
import type { Event } from 'kubernetes-types/events/v1';
import { type FieldError, immutable, invalidValue, required } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition, PrintColumn } from '../../meta/kind';
import { eventKind, validateEvent } from '../core/event';
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
  createdByUpdate: true,
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
  validate: (event) => validateEvent(toCore(event), 'reportingController'),
  validateCreate: (event) => validateNewEvent(toCore(event)),
  validateUpdate: (next, previous) => validateEventUpdate(toCore(next), toCore(previous)),
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

/** Null when unset, as both kinds' defaults make it; the types know no null. */
const unset = (time: string | undefined) => (time ?? null) as string;

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
    eventTime: unset(same.eventTime),
    ...(series
      ? { series: { count: series.count ?? 0, lastObservedTime: unset(series.lastObservedTime) } }
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

/** Of a new event everything is asked. Kubernetes names the old fields here too. */
function validateNewEvent(event: CoreEvent): FieldError[] {
  const errors = validateSeries(event);
  if (!event.eventTime) errors.push(required('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue('type', '', `has invalid value: ${event.type ?? ''}`));
  }
  const unset = (field: string, value: unknown) => {
    if (value) errors.push(invalidValue(field, '', 'needs to be unset'));
  };
  unset('firstTimestamp', event.firstTimestamp);
  unset('lastTimestamp', event.lastTimestamp);
  unset('count', event.count);
  unset('source', event.source?.component || event.source?.host);
  return errors;
}

function validateSeries({ series }: CoreEvent): FieldError[] {
  if (!series) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) errors.push(invalidValue('series.count', '', 'should be at least 2'));
  if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'));
  return errors;
}

/** What happened does not change; only how often it did. */
const FIXED_FIELDS = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
] as const;

function validateEventUpdate(next: CoreEvent, previous: CoreEvent): FieldError[] {
  return [
    ...(equalJson(next.series, previous.series) ? [] : validateSeries(next)),
    ...FIXED_FIELDS.flatMap((field) => immutable(field, next[field], previous[field])),
    ...immutable('reportingController', next.reportingComponent, previous.reportingComponent),
    ...immutable('reportingInstance', next.reportingInstance, previous.reportingInstance),
  ];
}
