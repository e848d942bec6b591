import type { ValidatingWebhook, WebhookClientConfig } from 'kubernetes-types/admissionregistration/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { validateLabelSelector } from '../../meta/labels';
import { dns1035Label, dns1123Subdomain } from '../../meta/names';
import { validateWebhookService, validateWebhookUrl } from '../webhook-client';
import {
  defaultRules,
  FAILURE_POLICIES,
  MATCH_POLICIES,
  oneOf,
  validateMatchConditions,
  validateRules,
} from './rules';

/** What mutating and validating webhooks have in common. */

const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
/** The versions of AdmissionReview that this server sends. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export function defaultWebhook(webhook: ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
  defaultRules(webhook.rules);
}

export function validateWebhooks(webhooks: readonly ValidatingWebhook[] | undefined): FieldError[] {
  const names = new Set<string>();
  return (webhooks ?? []).flatMap((webhook, i) => {
    const path = `webhooks[${i}]`;
    const errors = validateWebhook(webhook, path);
    if (names.has(webhook.name)) errors.push(duplicate(`${path}.name`, webhook.name));
    names.add(webhook.name);
    return errors;
  });
}

function validateWebhook(webhook: ValidatingWebhook, path: string): FieldError[] {
  const { timeoutSeconds, sideEffects } = webhook;
  const errors = [
    ...validateFullName(webhook.name ?? '', `${path}.name`),
    ...validateRules(webhook.rules, `${path}.rules`),
    ...oneOf(`${path}.failurePolicy`, webhook.failurePolicy, FAILURE_POLICIES),
    ...oneOf(`${path}.matchPolicy`, webhook.matchPolicy, MATCH_POLICIES),
  ];
  if (sideEffects === undefined) {
    errors.push(required(`${path}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`));
  } else if (!SIDE_EFFECTS.includes(sideEffects)) {
    errors.push(notSupported(`${path}.sideEffects`, sideEffects, SIDE_EFFECTS));
  }
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    errors.push(
      invalidValue(
        `${path}.timeoutSeconds`,
        timeoutSeconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    );
  }
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
    ...validateClientConfig(webhook.clientConfig, `${path}.clientConfig`),
    ...validateReviewVersions(webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`),
    ...validateMatchConditions(webhook.matchConditions, `${path}.matchConditions`),
  ];
}

/** `policy.example.com`: names that nobody else uses. */
function validateFullName(name: string, field: string): FieldError[] {
  if (name === '') return [required(field)];
  const errors = complaints(field, name, dns1123Subdomain(name));
  if (errors.length > 0) return errors;
  return name.split('.').length < 3
    ? [invalidValue(field, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function validateReviewVersions(versions: readonly string[], field: string): FieldError[] {
  if (versions.length === 0) {
    return [required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`)];
  }
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  versions.forEach((version, i) => {
    if (seen.has(version)) errors.push(invalidValue(`${field}[${i}]`, version, 'duplicate version'));
    seen.add(version);
    errors.push(...complaints(`${field}[${i}]`, version, dns1035Label(version)));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(invalidValue(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  }
  return errors;
}

function validateClientConfig(config: WebhookClientConfig | undefined, path: string): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return validateWebhookUrl(url, `${path}.url`);
  return service ? validateWebhookService(service, `${path}.service`) : [];
}
