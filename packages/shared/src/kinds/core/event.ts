import type { Event } from 'kubernetes-types/core/v1';
import { ageOf } from '../../meta/duration';
import { complaints, type FieldError, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { qualifiedName } from '../../meta/names';
import { nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';

export type { Event };

export const eventKind: KindDefinition<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  createdByUpdate: true,
  // For the sake of old clients nothing more is asked of their names.
  nameRule: 'path-segment',
  metadataLast: true,
  plainFinalizers: true,
  schema: 'io.k8s.api.core.v1.Event',
  selectableFields: {
    'involvedObject.kind': (event) => event.involvedObject?.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject?.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject?.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject?.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject?.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
  columns: [
    {
      name: 'Last Seen',
      type: 'string',
      description: 'The time at which the most recent occurrence of this event was recorded.',
      cell: (event, now) => ageOf(lastSeen(event), now),
    },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', cell: ({ type }) => type ?? '' },
    { name: 'Reason', type: 'string', description: 'Why, in one word.', cell: ({ reason }) => reason ?? '' },
    {
      name: 'Object',
      type: 'string',
      description: 'What the event is about.',
      cell: ({ involvedObject }) =>
        involvedObject?.name
          ? `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name}`
          : (involvedObject?.kind ?? '').toLowerCase(),
    },
    {
      name: 'Subobject',
      type: 'string',
      priority: 1,
      description: 'Which part of it.',
      cell: ({ involvedObject }) => involvedObject?.fieldPath ?? '',
    },
    { name: 'Source', type: 'string', priority: 1, description: 'Who says so.', cell: formatSource },
    {
      name: 'Message',
      type: 'string',
      description: 'What happened.',
      cell: ({ message }) => (message ?? '').trim(),
    },
    {
      name: 'First Seen',
      type: 'string',
      priority: 1,
      description: 'The time at which the event was first recorded.',
      cell: (event, now) => ageOf(event.firstTimestamp || event.eventTime || undefined, now),
    },
    {
      name: 'Count',
      type: 'string',
      priority: 1,
      description: 'How often it happened.',
      cell: ({ series, count }) => series?.count ?? (count || 1),
    },
    { ...nameColumn, priority: 1 },
  ],
  default(event) {
    event.source ??= {};
    event.reportingComponent ??= '';
    event.reportingInstance ??= '';
    nullWhenUnset(event, 'eventTime', 'firstTimestamp', 'lastTimestamp');
  },
  validate: (event) => validateEvent(event),
};

function lastSeen(event: Event): string | undefined {
  return (
    event.series?.lastObservedTime ||
    event.lastTimestamp ||
    event.firstTimestamp ||
    event.eventTime ||
    undefined
  );
}

function formatSource({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || '';
  const host = source?.host || reportingInstance;
  return host ? `${component}, ${host}` : component;
}

const MAX_LENGTH = 128;
const MAX_MESSAGE = 1024;

/**
 * What is asked of every event. With an `eventTime` it is one of the newer sort, which says who reports it and what was
 * done; the older sort lives beside its object, or in `default` when that is in no namespace.
 */
export function validateEvent(event: Event, reporter = 'reportingComponent'): FieldError[] {
  const namespace = event.metadata?.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const strays = event.eventTime
    ? about === '' && namespace !== 'kube-system' && namespace !== 'default'
    : about === ''
      ? namespace !== 'default'
      : about !== namespace;
  const errors = strays
    ? [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')]
    : [];
  if (!event.eventTime) return errors;
  const { reportingComponent = '', reportingInstance, action, reason, message = '' } = event;
  if (!reportingComponent) errors.push(required(reporter));
  errors.push(...complaints(reporter, reportingComponent, qualifiedName(reportingComponent)));
  for (const [field, value] of [
    ['reportingInstance', reportingInstance],
    ['action', action],
    ['reason', reason],
  ] as const) {
    if (!value) errors.push(required(field));
    else if (value.length > MAX_LENGTH) errors.push(tooLongText(field, MAX_LENGTH));
  }
  if (message.length > MAX_MESSAGE) errors.push(tooLongText('message', MAX_MESSAGE));
  return errors;
}

function tooLongText(field: string, most: number): FieldError {
  return invalidValue(field, '', `can have at most ${most} characters`);
}
