import type { ServiceSpec } from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { validateConfiguredFamilies } from './service-families';

const refused = (spec: ServiceSpec) => validateConfiguredFamilies({ spec }).map(({ field }) => field);

it('are those that the cluster has addresses of', () => {
  expect(refused({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })).toEqual([]);
  expect(refused({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' })).toEqual([]);
  expect(refused({ ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' })).toEqual(['spec.ipFamilies[0]']);
  expect(refused({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' })).toEqual([
    'spec.ipFamilies[1]',
    'spec.ipFamilyPolicy',
  ]);
});

it('are not asked of services whose endpoints come from elsewhere', () => {
  const both: ServiceSpec = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };
  expect(refused({ ...both, clusterIP: 'None' })).toEqual([]);
  expect(refused({ ...both, clusterIP: 'None', selector: { app: 'web' } })).not.toEqual([]);
});

it('may stay as they are', () => {
  const old = { spec: { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' } };
  expect(validateConfiguredFamilies(structuredClone(old), old)).toEqual([]);
});
