import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { ValidatingAdmissionPolicyBinding } from 'kubernetes-types/admissionregistration/v1';
import type { AdmissionAttributes } from '../admission';
import type { Violation } from './policy';

const FAILURES = 'validation.policy.admission.k8s.io/validation_failure';

/** What the policies want kept in the audit about one request. */
export class PolicyAnnotations {
  /** By key; several parameters and bindings may each give one. */
  readonly #values = new Map<string, Set<string>>();
  readonly #failures: object[] = [];

  add({ metadata }: Stored<KubeObject>, annotations: ReadonlyMap<string, string>): void {
    for (const [key, value] of annotations) {
      const whole = `${metadata.name}/${key}`;
      this.#values.set(whole, (this.#values.get(whole) ?? new Set()).add(value));
    }
  }

  failed(
    policy: Stored<KubeObject>,
    { metadata, spec }: Stored<ValidatingAdmissionPolicyBinding>,
    { message, index = 0 }: Violation,
  ): void {
    this.#failures.push({
      message,
      policy: policy.metadata.name,
      binding: metadata.name,
      expressionIndex: index,
      validationActions: spec?.validationActions ?? [],
    });
  }

  tell(attributes: AdmissionAttributes): void {
    for (const [key, values] of this.#values) attributes.annotate?.(key, [...values].join(', '));
    if (this.#failures.length > 0) attributes.annotate?.(FAILURES, JSON.stringify(this.#failures));
  }
}
