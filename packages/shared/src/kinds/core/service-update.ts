import type { Service, ServiceSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, invalidValue } from '../../meta/field-error';
import { isHeadless } from './service-validation';

const FIXED = 'may not change once set';

/**
 * The first address and family of a service stay while it has any; a second one may come, and go when the policy
 * says so. All of them come and go with the type ExternalName, which has none.
 */
export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const spec = next.spec ?? {};
  const old = previous.spec ?? {};
  const errors = [...validateClass(spec, old), ...validateHealthPort(spec, old)];
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return errors;
  const [now, was] = [isHeadless(spec), isHeadless(old)];
  if (!now || !was) {
    errors.push(...validateKept(spec, { name: 'clusterIPs', old: old.clusterIPs, what: 'clusterIP' }));
  }
  if (!now && !was) {
    errors.push(...validateKept(spec, { name: 'ipFamilies', old: old.ipFamilies, what: 'ipFamily' }));
  }
  return errors;
}

function validateKept(
  spec: ServiceSpec,
  { name, old = [], what }: { name: 'clusterIPs' | 'ipFamilies'; old: string[] | undefined; what: string },
): FieldError[] {
  const values = spec[name] ?? [];
  const field = `spec.${name}`;
  if (old.length === values.length) {
    return old.flatMap((value, i) =>
      value === values[i] ? [] : [invalidValue(`${field}[${name === 'clusterIPs' ? i : 0}]`, values, FIXED)],
    );
  }
  const errors: FieldError[] = [];
  if (old.length > 0 && values.length === 0) {
    errors.push(invalidValue(`${field}[0]`, values, `primary ${what} can not be unset`));
  }
  if (old.length > 0 && values.length > 0 && values[0] !== old[0]) {
    errors.push(invalidValue(`${field}[0]`, values, FIXED));
  }
  if (old.length > values.length && values.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const why = `must be set to 'SingleStack' when releasing the secondary ${what}`;
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, why));
  }
  return errors;
}

function validateClass(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const both = spec.type === 'LoadBalancer' && old.type === 'LoadBalancer';
  return both && spec.loadBalancerClass !== old.loadBalancerClass
    ? [invalidValue('spec.loadBalancerClass', spec.loadBalancerClass ?? null, FIXED)]
    : [];
}

const needsHealthPort = ({ type, externalTrafficPolicy }: ServiceSpec) =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

function validateHealthPort(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  return needsHealthPort(spec) && needsHealthPort(old) && spec.healthCheckNodePort !== old.healthCheckNodePort
    ? [forbidden('spec.healthCheckNodePort', 'field is immutable')]
    : [];
}
