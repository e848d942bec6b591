import type { ResourceRequirements } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, forbidden, invalidValue, required } from '../../../meta/field-error';
import { qualifiedName } from '../../../meta/names';
import { compareQuantities, parseQuantity, tryParseQuantity } from '../../../meta/quantity';

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage']);
const isHugePages = (name: string) => name.startsWith('hugepages-');
/** Counted devices of the node's owner, such as GPUs: `example.com/gpu`. */
export const isExtendedResource = (name: string) =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedName(`requests.${name}`).length === 0;
/** cpu, memory and the like may be promised more often than they are there; these may not. */
const mayOvercommit = (name: string) =>
  !isHugePages(name) && (!name.includes('/') || name.includes('kubernetes.io/'));

/** Requests and limits of one container. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  if (!resources) return [];
  const errors: FieldError[] = [];
  const limits = resources.limits ?? {};
  const requests = resources.requests ?? {};
  let hasCpuOrMemory = false;
  let hasHugePages = false;
  for (const [kind, list] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, quantity] of Object.entries(list)) {
      const field = `${path}.${kind}[${name}]`;
      errors.push(...validateResourceName(name, field), ...validateQuantity(name, quantity, field));
      hasCpuOrMemory ||= name === 'cpu' || name === 'memory';
      hasHugePages ||= isHugePages(name);
      errors.push(...validatePageMultiple(name, quantity, field));
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit !== undefined) {
      const order = compareQuantities(request, limit);
      if (order !== 0 && !mayOvercommit(name)) {
        errors.push(invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
      } else if (order > 0) {
        errors.push(
          invalidValue(
            `${path}.requests`,
            request,
            `must be less than or equal to ${name} limit of ${limit}`,
          ),
        );
      }
    } else if (!mayOvercommit(name)) {
      errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    }
  }
  if (hasHugePages && !hasCpuOrMemory) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  return errors;
}

function validateResourceName(name: string, field: string): FieldError[] {
  const errors = complaints(field, name, qualifiedName(name));
  if (errors.length > 0) return errors;
  if (name.includes('/')) {
    const known = name.includes('kubernetes.io/') || isExtendedResource(name);
    if (!known) errors.push(invalidValue(field, name, "doesn't follow extended resource name standard"));
    return errors;
  }
  if (!STANDARD.has(name) && !isHugePages(name)) {
    errors.push(invalidValue(field, name, 'must be a standard resource for containers'));
    errors.push(invalidValue(field, name, 'must be a standard resource type or fully qualified'));
  }
  return errors;
}

/** Huge pages come whole. */
function validatePageMultiple(name: string, quantity: string, field: string): FieldError[] {
  const page = isHugePages(name) ? tryParseQuantity(name.slice('hugepages-'.length)) : undefined;
  return page && page.nanos > 0n && parseQuantity(quantity).nanos % page.nanos !== 0n
    ? [invalidValue(field, quantity, `${quantity} is not positive integer multiple of ${name}`)]
    : [];
}

/** Not negative, and whole where the resource is counted in pieces. */
export function validateQuantity(name: string, quantity: string, field: string): FieldError[] {
  const { nanos } = parseQuantity(quantity);
  if (nanos < 0n) return [invalidValue(field, quantity, 'must be greater than or equal to 0')];
  if ((isExtendedResource(name) || name === 'pods') && nanos % 1_000_000_000n !== 0n) {
    return [invalidValue(field, quantity, 'must be an integer')];
  }
  return [];
}
