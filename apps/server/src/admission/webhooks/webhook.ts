import { forbidden, internalError } from '@wheelhouse/shared/errors';
import type { MutatingWebhook, ValidatingWebhook } from 'kubernetes-types/admissionregistration/v1';
import { settled } from '../../cel/pending';
import { fromJson } from '../../cel/values';
import type { HookClient } from '../../webhooks/hook-client';
import type { AdmissionAttributes } from '../admission';
import { authorizerOf } from '../matching/authorizer';
import { MatchConditions } from '../matching/conditions';
import { inForm, type RequestForm, requestValues } from '../matching/request-values';
import { matchRules } from '../matching/rules';
import { ScopeSelectors } from '../matching/selectors';
import { denial, dryRunUnsupported, reviewOf, type Verdict, verdictOf } from './review';

const DEFAULT_SECONDS = 10;

/** One webhook of a configuration, ready to be asked. */
export class Webhook {
  readonly #selectors: ScopeSelectors;
  #conditions: MatchConditions | undefined;

  constructor(
    readonly spec: ValidatingWebhook | MutatingWebhook,
    /** The name of its configuration, and what tells it apart from all others. */
    readonly origin: { readonly configuration: string; readonly id: string },
    private readonly isMutating: boolean,
  ) {
    this.#selectors = new ScopeSelectors(spec);
  }

  get name(): string {
    return this.spec.name;
  }

  get #failsOpen(): boolean {
    return this.spec.failurePolicy === 'Ignore';
  }

  /** The request in the form in which the webhook wants to be asked; undefined: it is not to be asked. */
  async concerns(attributes: AdmissionAttributes): Promise<RequestForm | undefined> {
    const { rules = [], matchPolicy } = this.spec;
    // The cheapest question first.
    const match = matchRules(rules, matchPolicy, attributes);
    if (!match || !(await this.#selectors.select(attributes))) return undefined;
    const request = await inForm(attributes, match.form);
    return (await this.#fulfils(attributes, request)) ? request : undefined;
  }

  async #fulfils(attributes: AdmissionAttributes, request: RequestForm): Promise<boolean> {
    this.#conditions ??= new MatchConditions(this.spec.matchConditions);
    const conditions = this.#conditions;
    if (conditions.isEmpty) return true;
    const bindings = {
      object: fromJson(request.object),
      oldObject: fromJson(request.oldObject),
      request: fromJson(requestValues(attributes, request)),
      authorizer: authorizerOf(attributes),
    };
    const fulfilled = await settled(() => conditions.evaluate(bindings));
    if (typeof fulfilled === 'boolean') return fulfilled;
    if (this.#failsOpen) return false;
    const { kind, name } = attributes;
    throw forbidden({ group: kind.group, kind: kind.plural, name }, fulfilled);
  }

  /**
   * Resolves with what it has to say to a request that it allows; undefined: it cannot be reached, which is to be put
   * up with. Throws its refusal, or InternalError where it has to be reached and is not.
   */
  async ask(
    hooks: HookClient,
    attributes: AdmissionAttributes,
    request: RequestForm,
  ): Promise<Verdict | undefined> {
    const { name, spec } = this;
    if (attributes.dryRun && spec.sideEffects !== 'None' && spec.sideEffects !== 'NoneOnDryRun') {
      throw dryRunUnsupported(name);
    }
    let verdict: Verdict;
    try {
      const review = reviewOf(attributes, request, spec.admissionReviewVersions ?? []);
      const answer = await hooks
        .call({
          target: spec.clientConfig,
          body: review.body,
          timeoutSeconds: spec.timeoutSeconds ?? DEFAULT_SECONDS,
        })
        .catch((error: Error) => {
          throw new Error(`failed to call webhook: ${error.message}`);
        });
      verdict = verdictOf(answer, review, this.isMutating);
    } catch (error) {
      if (this.#failsOpen) return undefined;
      const why = error instanceof Error ? error.message : String(error);
      throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${why}`);
    }
    for (const [key, value] of verdict.annotations) attributes.annotate?.(`${name}/${key}`, value);
    for (const warning of verdict.warnings) attributes.warn?.(warning);
    if (!verdict.allowed) throw denial(name, verdict.result);
    return verdict;
  }
}
