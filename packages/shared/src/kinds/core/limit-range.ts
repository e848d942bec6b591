import type { LimitRange, LimitRangeItem } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  required,
} from '../../meta/field-error';
import { setOwn } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { qualifiedName } from '../../meta/names';
import { compareQuantities, quantityMillis } from '../../meta/quantity';
import { nullWhenUnset } from '../null-times';
import { validateResourceName } from './resource-names';

export type { LimitRange };

const STANDARD_TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

/** Bounds and defaults for what single pods, containers and claims of a namespace ask for. */
export const limitRangeKind: KindDefinition<LimitRange> = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  namespaced: true,
  createdByUpdate: true,
  namedByServer: true,
  schema: 'io.k8s.api.core.v1.LimitRange',
  default({ spec }) {
    if (spec?.limits?.length === 0) delete (spec as Partial<typeof spec>).limits;
    nullWhenUnset(spec, 'limits');
    for (const item of spec?.limits ?? []) if (item.type === 'Container') defaultContainer(item);
  },
  validate({ spec }) {
    const types = new Set<string>();
    return (spec?.limits ?? []).flatMap((item, i) => {
      const errors = validateItem(item, `spec.limits[${i}]`, types.has(item.type));
      types.add(item.type);
      return errors;
    });
  },
};

/** A limit that is not said is the maximum; a request that is not said is the limit, or else the minimum. */
function defaultContainer(item: LimitRangeItem): void {
  const limits = { ...item.default };
  for (const [name, amount] of Object.entries(item.max ?? {})) {
    if (!Object.hasOwn(limits, name)) setOwn(limits, name, amount);
  }
  const requests = { ...item.defaultRequest };
  for (const [name, amount] of [...Object.entries(limits), ...Object.entries(item.min ?? {})]) {
    if (!Object.hasOwn(requests, name)) setOwn(requests, name, amount);
  }
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

function validateItem(item: LimitRangeItem, path: string, again: boolean): FieldError[] {
  const { type = '' } = item;
  const errors = complaints(`${path}.type`, type, qualifiedName(type));
  if (errors.length === 0 && !type.includes('/') && !STANDARD_TYPES.has(type)) {
    errors.push(invalidValue(`${path}.type`, type, 'must be a standard limit type or fully qualified'));
  }
  if (again) errors.push(duplicate(`${path}.type`, type));
  const keys = new Set<string>();
  for (const list of LISTS) {
    const forPods = type === 'Pod' && (list === 'default' || list === 'defaultRequest');
    if (forPods && Object.keys(item[list] ?? {}).length > 0) {
      errors.push(forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of Object.keys(item[list] ?? {})) {
      keys.add(name);
      errors.push(...validateName(type, name, `${path}.${list}[${name}]`));
    }
  }
  if (type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage) {
    errors.push(
      required(
        `${path}.limits`,
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    );
  }
  for (const name of keys) errors.push(...validateOrder(item, name, path));
  return errors;
}

function validateName(type: string, name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  const forContainers = type === 'Pod' || type === 'Container';
  if (
    forContainers &&
    errors.length === 0 &&
    !name.includes('/') &&
    !CONTAINER_RESOURCES.has(name) &&
    !name.startsWith('hugepages-')
  ) {
    errors.push(invalidValue(field, name, 'must be a standard resource for containers'));
  }
  return errors;
}

/** min ≤ defaultRequest ≤ default ≤ max, as far as they are given. */
function validateOrder(item: LimitRangeItem, name: string, path: string): FieldError[] {
  const read = (list: (typeof LISTS)[number]) => {
    const amounts = item[list] ?? {};
    return Object.hasOwn(amounts, name) ? amounts[name] : undefined;
  };
  const [min, max] = [read('min'), read('max')];
  const pod = item.type === 'Pod';
  const [limit, request] = pod ? [undefined, undefined] : [read('default'), read('defaultRequest')];
  const errors: FieldError[] = [];
  const refuse = (list: string, value: string, text: string) =>
    errors.push(invalidValue(`${path}.${list}[${name}]`, value, text));
  const above = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0;

  if (min && above(min, max)) refuse('min', min, `min value ${min} is greater than max value ${max}`);
  if (request && above(min, request))
    refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (request && above(request, max))
    refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (request && above(request, limit))
    refuse(
      'defaultRequest',
      request,
      `default request value ${request} is greater than default limit value ${limit}`,
    );
  if (limit && above(min, limit))
    refuse('default', limit, `min value ${min} is greater than default value ${limit}`);
  if (limit && above(limit, max))
    refuse('default', limit, `default value ${limit} is greater than max value ${max}`);

  const ratio = read('maxLimitRequestRatio');
  if (ratio !== undefined) {
    if (compareQuantities(ratio, '1') < 0)
      refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    if (min !== undefined && max !== undefined && quantityMillis(min) !== 0) {
      const widest = quantityMillis(max) / quantityMillis(min);
      if (quantityMillis(ratio) / 1000 > widest)
        refuse(
          'maxLimitRequestRatio',
          ratio,
          `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`,
        );
    }
  }
  const exact = name.startsWith('hugepages-') || (name.includes('/') && !name.startsWith('kubernetes.io/'));
  if (exact && request !== undefined && limit !== undefined && compareQuantities(request, limit) !== 0) {
    refuse(
      'defaultRequest',
      request,
      `default value ${limit} must equal to defaultRequest value ${request} in ${name}`,
    );
  }
  return errors;
}
