import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { eventsEventKind } from '@wheelhouse/shared/kinds/events/event';
import { expect, it } from 'vitest';
import { storageVersionHash } from './storage-version-hash';

it('is what servers of Kubernetes say', () => {
  expect(storageVersionHash(podKind)).toBe('xPOwRZ+Yhw8=');
});

it('is the same for all forms of what is stored once', () => {
  expect(storageVersionHash(eventsEventKind)).toBe(storageVersionHash(eventKind));
});
