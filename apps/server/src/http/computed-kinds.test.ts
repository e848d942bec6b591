import { operationsOf } from '@wheelhouse/shared/openapi/operations';
import { expect, it } from 'vitest';
import { computedKinds } from './computed-kinds';
import type { VirtualGroup } from './extension';

const answer = async () => ({});
const reviews: VirtualGroup = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resources: [
    {
      plural: 'localsubjectaccessreviews',
      singular: 'localsubjectaccessreview',
      kind: 'LocalSubjectAccessReview',
      namespaced: true,
      create: answer,
    },
  ],
};
const own: VirtualGroup = {
  group: 'audit.wheelhouse.dev',
  version: 'v1',
  resources: [{ plural: 'entries', singular: 'entry', kind: 'Entry', namespaced: false, list: answer }],
};

it('are described as far as their types are known, with what they answer', () => {
  const operations = computedKinds([reviews, own]).flatMap(operationsOf);
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'post /api/v1/namespaces/{namespace}/bindings',
    'post /apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews',
  ]);
  expect(operations[1]?.body).toBe('io.k8s.api.authorization.v1.LocalSubjectAccessReview');
});
