import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { Service } from 'kubernetes-types/core/v1';

/** What addresses of services there are. One family until there are clusters with two. */
const CONFIGURED: readonly string[] = ['IPv4'];

/**
 * What a service asks for that this cluster has no addresses for. A headless service without a selector may name
 * whatever its endpoints are, which come from elsewhere. What was let in once may stay.
 */
export function validateConfiguredFamilies({ spec }: Service, before?: Service): FieldError[] {
  if (!spec || spec.type === 'ExternalName') return [];
  if (before && equalJson(familiesOf(before.spec), familiesOf(spec))) return [];
  if (spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0) return [];
  const errors = (spec.ipFamilies ?? []).flatMap((family, i) =>
    CONFIGURED.includes(family)
      ? []
      : [invalidValue(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster')],
  );
  if (spec.ipFamilyPolicy === 'RequireDualStack' && CONFIGURED.length < 2) {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
  }
  return errors;
}

function familiesOf(spec: Service['spec']) {
  return [spec?.ipFamilyPolicy ?? null, ...(spec?.ipFamilies ?? [])];
}
