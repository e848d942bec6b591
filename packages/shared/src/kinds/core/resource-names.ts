import { complaints, type FieldError, invalidValue } from '../../meta/field-error';
import { qualifiedName } from '../../meta/names';
import { tryParseQuantity } from '../../meta/quantity';
import { isExtendedResource } from './pod-spec/resources';

/** Names of what quotas and limit ranges count. */

const COMPUTE = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
];
const OBJECTS = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
];
const STANDARD_QUOTA = new Set([...COMPUTE, ...OBJECTS]);
const STANDARD = new Set([...STANDARD_QUOTA, 'storage']);
const COUNTED = new Set(OBJECTS);

const isHugePages = (name: string) => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');

/** A resource that quotas count by a name of their own. */
export function isStandardQuotaResource(name: string): boolean {
  return STANDARD_QUOTA.has(name) || isHugePages(name);
}

/** A key of a quota's `hard`: a standard name or a qualified one (`count/jobs.batch`, `requests.example.com/gpu`). */
export function validateQuotaResource(name: string, field: string): FieldError[] {
  const errors = complaints(field, name, qualifiedName(name));
  if (errors.length === 0 && !name.includes('/') && !isStandardQuotaResource(name)) {
    errors.push(invalidValue(field, name, 'must be a standard resource for quotas'));
  }
  return errors;
}

/** A resource that some object may ask for. */
export function validateResourceName(name: string, field: string): FieldError[] {
  const errors = complaints(field, name, qualifiedName(name));
  if (errors.length === 0 && !name.includes('/') && !STANDARD.has(name) && !isHugePages(name)) {
    errors.push(invalidValue(field, name, 'must be a standard resource type or fully qualified'));
  }
  return errors;
}

/** Not negative; whole where things are counted. */
export function validateResourceAmount(name: string, amount: string, field: string): FieldError[] {
  const quantity = tryParseQuantity(amount);
  if (!quantity) return [];
  const errors: FieldError[] = [];
  if (quantity.nanos < 0n) {
    errors.push(invalidValue(field, amount, 'must be greater than or equal to 0'));
  }
  if ((COUNTED.has(name) || isExtendedResource(name)) && quantity.nanos % 1_000_000_000n !== 0n) {
    errors.push(invalidValue(field, amount, 'must be an integer'));
  }
  return errors;
}
