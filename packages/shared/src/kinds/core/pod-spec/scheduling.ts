import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../../meta/field-error';
import { validateLabelSelector, validateLabels } from '../../../meta/labels';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../../meta/names';
import type { LabelSelector } from '../../../meta/object';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: PodSpec['tolerations'], path: string): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, i) => validateToleration(toleration, `${path}[${i}]`));
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  if (key) errors.push(...complaints(`${path}.key`, key, qualifiedName(key)));
  else if (operator !== 'Exists') {
    errors.push(
      invalidValue(
        `${path}.operator`,
        operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(
      invalidValue(
        `${path}.effect`,
        effect ?? '',
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    );
  }
  switch (operator) {
    case 'Equal':
    case '':
    case undefined:
      errors.push(...complaints(`${path}.operator`, value ?? '', labelValue(value ?? '')));
      break;
    case 'Exists':
      if (value)
        errors.push(
          invalidValue(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'"),
        );
      break;
    default:
      errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
  }
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS));
  return errors;
}

/** `preferred`: a wish that no node can fulfil does no harm, so that its values may be any. */
export function validateNodeTerm(
  term: NodeSelectorTerm | undefined,
  path: string,
  { preferred = false } = {},
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, expression] of (term?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    const count = expression.values?.length ?? 0;
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (count === 0)
          errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (count > 0) {
          errors.push(
            forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        }
        break;
      case 'Gt':
      case 'Lt':
        if (count !== 1)
          errors.push(
            required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
          );
        break;
      default:
        errors.push(invalidValue(`${at}.operator`, expression.operator, 'not a valid selector operator'));
    }
    errors.push(...complaints(`${at}.key`, expression.key, qualifiedName(expression.key ?? '')));
    for (const [j, value] of preferred ? [] : (expression.values ?? []).entries()) {
      errors.push(...complaints(`${at}.values[${j}]`, value, labelValue(value)));
    }
  }
  for (const [i, field] of (term?.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${i}]`;
    if (field.operator === 'In' || field.operator === 'NotIn') {
      if (field.values?.length !== 1) {
        errors.push(
          required(
            `${at}.values`,
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
          ),
        );
      }
    } else {
      errors.push(invalidValue(`${at}.operator`, field.operator, 'not a valid selector operator'));
    }
    if (field.key !== 'metadata.name') {
      errors.push(invalidValue(`${at}.key`, field.key, 'not a valid field selector key'));
      continue;
    }
    for (const [j, name] of (field.values ?? []).entries()) {
      errors.push(...complaints(`${at}.values[${j}]`, name, dns1123Subdomain(name)));
    }
  }
  return errors;
}

export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  const { nodeAffinity } = affinity;
  if (nodeAffinity) {
    const at = `${path}.nodeAffinity`;
    const needed = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    if (needed) {
      const terms = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
      if (!needed.nodeSelectorTerms?.length)
        errors.push(required(terms, 'must have at least one node selector term'));
      needed.nodeSelectorTerms?.forEach((term, i) => {
        errors.push(...validateNodeTerm(term, `${terms}[${i}]`));
      });
    }
    nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      const field = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      errors.push(
        ...validateWeight(term.weight, field),
        ...validateNodeTerm(term.preference, `${field}.preference`, { preferred: true }),
      );
    });
  }
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const at = `${path}.${name}`;
    affinity[name]?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      errors.push(...validatePodTerm(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`));
    });
    affinity[name]?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((weighted, i) => {
      const field = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      errors.push(...validateWeight(weighted.weight, field));
      errors.push(
        ...validatePodTerm(weighted.podAffinityTerm ?? { topologyKey: '' }, `${field}.podAffinityTerm`),
      );
    });
  }
  return errors;
}

function validateWeight(weight: number | undefined, path: string): FieldError[] {
  return weight !== undefined && weight >= 1 && weight <= 100
    ? []
    : [invalidValue(`${path}.weight`, weight ?? 0, 'must be in the range 1-100')];
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const errors = validateLabelSelector(term.labelSelector, `${path}.labelSelector`);
  errors.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`));
  for (const name of term.namespaces ?? [])
    errors.push(...complaints(`${path}.namespace`, name, dns1123Label(name)));
  for (const name of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    if (term[name]?.length && !term.labelSelector) {
      errors.push(forbidden(`${path}.${name}`, 'must not be specified when labelSelector is not set'));
    }
  }
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  errors.push(
    ...complaints(`${path}.topologyKey`, term.topologyKey ?? '', qualifiedName(term.topologyKey ?? '')),
  );
  return errors;
}

export function validateTopologySpread(
  constraints: PodSpec['topologySpreadConstraints'],
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, constraint] of (constraints ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!(constraint.maxSkew > 0))
      errors.push(invalidValue(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero'));
    if (!constraint.topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    const when = constraint.whenUnsatisfiable;
    if (when !== 'DoNotSchedule' && when !== 'ScheduleAnyway') {
      errors.push(notSupported(`${at}.whenUnsatisfiable`, when ?? '', ['DoNotSchedule', 'ScheduleAnyway']));
    }
    // The first of two that say the same is the one that is named.
    const again = (constraints ?? []).slice(i + 1).some((other) => pairOf(other) === pairOf(constraint));
    if (again) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pairOf(constraint)));
    const { minDomains } = constraint;
    if (minDomains !== undefined) {
      if (minDomains <= 0)
        errors.push(invalidValue(`${at}.minDomains`, minDomains, 'must be greater than zero'));
      if (when !== 'DoNotSchedule') {
        errors.push(
          invalidValue(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${when}`,
          ),
        );
      }
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[name];
      if (policy !== undefined && !INCLUSION.includes(policy)) {
        errors.push(notSupported(`${at}.${name}`, policy, INCLUSION));
      }
    }
    errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
    errors.push(
      ...validateLabelKeys(constraint.matchLabelKeys, constraint.labelSelector, `${at}.matchLabelKeys`),
    );
  }
  return errors;
}

const INCLUSION = ['Honor', 'Ignore'];

const pairOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint) =>
  `{${topologyKey}, ${whenUnsatisfiable}}`;

/** Keys of labels whose values are taken from the pod itself; the selector must not speak of them. */
function validateLabelKeys(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  if (!keys?.length) return [];
  const errors: FieldError[] = [];
  if (!selector) errors.push(forbidden(path, 'must not be specified when labelSelector is not set'));
  const selected = new Set([
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  keys.forEach((key, i) => {
    errors.push(...complaints(`${path}[${i}]`, key, qualifiedName(key)));
    if (selected.has(key)) {
      errors.push(invalidValue(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    }
  });
  return errors;
}

export function validateNodeSelector(selector: PodSpec['nodeSelector'], path: string): FieldError[] {
  return validateLabels(selector, path);
}
