import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, invalidValue, notSupported, required } from '../meta/field-error';
import { selectorFromLabelSelector, selectorFromLabels, validateLabelSelector } from '../meta/labels';
import type { LabelSelector } from '../meta/object';
import { validatePodTemplate } from './core/pod-spec/validate';

/** What the workload kinds have in common. */

/** Checks a LabelSelector that says which pods a workload owns, and that its own template's pods are among them. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  options: { path: string; kind: string },
): FieldError[] {
  const errors: FieldError[] = [];
  const field = `${options.path}.selector`;
  let broken = false;
  if (!selector) errors.push(required(field));
  else {
    errors.push(...validateLabelSelector(selector, field));
    broken = errors.length > 0;
    if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) {
      errors.push(invalidValue(field, selector, `empty selector is invalid for ${options.kind}`));
      return errors;
    }
  }
  if (broken) {
    errors.push(invalidValue(field, selector, 'invalid label selector'));
    return errors;
  }
  const labels = template?.metadata?.labels;
  if (!selectorFromLabelSelector(selector).matches(labels)) {
    errors.push(selectsOthers(`${options.path}.template.metadata.labels`, labels));
  }
  return errors;
}

/** Kubernetes looks at a template only once the selector beside it can be read. */
export function isReadableSelector(selector: LabelSelector | undefined): boolean {
  return !selector || validateLabelSelector(selector, '').length === 0;
}

/** The same for a replication controller, whose selector is a plain map. */
export function validateMapSelector(
  selector: Readonly<Record<string, string>> | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (Object.keys(selector ?? {}).length === 0) errors.push(required(`${path}.selector`));
  if (!template) errors.push(required(`${path}.template`));
  else if (errors.length === 0 && !selectorFromLabels(selector).matches(template.metadata?.labels)) {
    errors.push(selectsOthers(`${path}.template.metadata.labels`, template.metadata?.labels));
  }
  return errors;
}

/** The complaint about a template whose pods the selector beside it does not select. */
export function selectsOthers(field: string, labels: unknown): FieldError {
  return invalidValue(field, labels ?? null, '`selector` does not match template `labels`');
}

/** A template whose pods are to run for ever. */
export function validateServiceTemplate(
  template: PodTemplateSpec | undefined,
  path: string,
  owner: string,
): FieldError[] {
  const errors = validatePodTemplate(template, path);
  const policy = template?.spec?.restartPolicy;
  if (policy && policy !== 'Always') {
    errors.push(notSupported(`${path}.spec.restartPolicy`, policy, ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`),
    );
  }
  return errors;
}
