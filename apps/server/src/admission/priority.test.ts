import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { type PriorityClass, priorityClassKind } from '@wheelhouse/shared/kinds/scheduling/priority-class';
import type { Pod, PodSpec } from 'kubernetes-types/core/v1';
import { beforeEach, expect, test } from 'vitest';
import type { AdmissionAttributes } from './admission';
import { priority } from './priority';

let client: MemoryClient;

const base = {
  operation: 'create',
  subresource: undefined,
  namespace: undefined,
  refusalName: 'p',
  oldObject: undefined,
  user: { name: 'jane', groups: [] },
  dryRun: false,
} as const;

function reader(): AdmissionAttributes['reader'] {
  return {
    get: () => Promise.resolve(undefined),
    list: async (type, namespace) => (await client.list(type, { namespace })).items,
  };
}

async function admitPod(spec: Partial<PodSpec>): Promise<PodSpec | undefined> {
  const object: Pod = { spec: { containers: [], ...spec } };
  await priority.admit?.({ ...base, kind: podKind, name: 'p', object, reader: reader() });
  return object.spec;
}

async function createClass(name: string, parts: Partial<PriorityClass>): Promise<void> {
  const object: PriorityClass = { metadata: { name }, value: 1, ...parts };
  await priority.validate?.({ ...base, kind: priorityClassKind, name, object, reader: reader() });
  await client.create(priorityClassKind, object);
}

beforeEach(() => {
  client = new MemoryClient();
});

test('a class gives its value and its policy', async () => {
  await createClass('vip', { value: 1_000, preemptionPolicy: 'Never' });
  expect(await admitPod({ priorityClassName: 'vip' })).toMatchObject({
    priority: 1_000,
    preemptionPolicy: 'Never',
  });
  expect(await admitPod({ priorityClassName: 'system-cluster-critical' })).toMatchObject({
    priority: 2_000_000_000,
    preemptionPolicy: 'PreemptLowerPriority',
  });
});

test('pods that name none get the default class, or nothing special', async () => {
  expect(await admitPod({})).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  await createClass('usual', { value: 5, globalDefault: true });
  expect(await admitPod({})).toMatchObject({ priorityClassName: 'usual', priority: 5 });
});

test('of the classes only one can be the default', async () => {
  await createClass('usual', { globalDefault: true });
  await expect(createClass('other', { globalDefault: true })).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining(
      'PriorityClass usual is already marked as default. Only one default can exist',
    ),
  });
  await createClass('third', {});
});

test.each<[string, Partial<PodSpec>]>([
  ['no PriorityClass with name vip was found', { priorityClassName: 'vip' }],
  ['the integer value of priority (7) must not be provided in pod spec', { priority: 7 }],
  ['the string value of PreemptionPolicy (Never) must not be provided', { preemptionPolicy: 'Never' }],
])('refuses: %s', async (message, spec) => {
  await expect(admitPod(spec)).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining(message),
  });
});
