import { randomUUID } from 'node:crypto';
import { ApiError } from '@wheelhouse/shared/errors';
import { isObject } from '@wheelhouse/shared/meta/json';
import { validateLabels } from '@wheelhouse/shared/meta/labels';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { validateAnnotations } from '@wheelhouse/shared/meta/validation';
import type { WebhookConversion as WebhookConversionSpec } from 'kubernetes-types/apiextensions/v1';
import type { HookClient } from '../webhooks/hook-client';

const GROUP = 'apiextensions.k8s.io';
/** The versions of ConversionReview that this server sends; they look alike. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const TIMEOUT_SECONDS = 30;

/**
 * Converts custom resources between their versions by asking the webhook that their definition names. It may change
 * what an object is but not which one: of the metadata only labels and annotations are taken over.
 */
export class WebhookConversion {
  constructor(
    private readonly webhook: WebhookConversionSpec | undefined,
    private readonly hooks: HookClient | undefined,
  ) {}

  /** All that are not in the wanted version, by one question. Throws ApiError for whatever is no conversion. */
  async convert(objects: readonly KubeObject[], desired: string): Promise<KubeObject[]> {
    const foreign = objects.filter(({ apiVersion }) => apiVersion !== desired);
    if (foreign.length === 0) return [...objects];
    const [first] = foreign;
    const subject = `conversion webhook for ${first?.apiVersion}, Kind=${first?.kind}`;
    let converted: readonly unknown[];
    try {
      converted = await this.#ask(foreign, desired);
    } catch (error) {
      throw failure(`${subject} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (converted.length !== foreign.length) {
      throw failure(`${subject} returned ${converted.length} objects, expected ${foreign.length}`);
    }
    let next = 0;
    return objects.map((object) => {
      if (object.apiVersion === desired) return object;
      const index = next++;
      const answer = converted[index];
      const problem = problemOf(answer, object, desired);
      if (problem)
        throw failure(`${subject} returned invalid converted object at index ${index}: ${problem}`);
      // `problemOf` has looked at what makes it an object of the kind.
      return withMetadataOf(object, answer as KubeObject);
    });
  }

  async #ask(objects: readonly KubeObject[], desiredAPIVersion: string): Promise<readonly unknown[]> {
    const { webhook, hooks } = this;
    if (!hooks || !webhook?.clientConfig) throw new Error('there is no webhook to ask');
    const version = webhook.conversionReviewVersions.find((known) => REVIEW_VERSIONS.includes(known));
    if (!version) {
      throw new Error(
        `webhook does not accept known ConversionReview versions (${REVIEW_VERSIONS.join(', ')})`,
      );
    }
    const apiVersion = `${GROUP}/${version}`;
    const uid = randomUUID();
    const answer = await hooks.call({
      target: webhook.clientConfig,
      body: { kind: 'ConversionReview', apiVersion, request: { uid, desiredAPIVersion, objects } },
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    const review = isObject(answer) ? answer : {};
    const { response } = review;
    if (!isObject(response)) throw new Error('no response provided');
    if (version === 'v1') {
      if (review.apiVersion !== apiVersion || review.kind !== 'ConversionReview') {
        throw new Error(
          `expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${String(review.apiVersion)}, Kind=${String(review.kind)}`,
        );
      }
      if (response.uid !== uid)
        throw new Error(`expected response.uid="${uid}", got "${String(response.uid)}"`);
    }
    const { result, convertedObjects } = response;
    const { status, message } = isObject(result) ? result : {};
    if (status !== 'Success') {
      const told = typeof message === 'string' && message !== '';
      throw new Error(told ? message : `response.result.status was '${String(status ?? '')}', not 'Success'`);
    }
    return Array.isArray(convertedObjects) ? convertedObjects : [];
  }
}

/** Kubernetes answers these as they are, without a reason. */
function failure(message: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: '',
    code: 500,
  });
}

function problemOf(answer: unknown, original: KubeObject, desired: string): string | undefined {
  if (!isObject(answer)) return 'it is no object';
  if (answer.apiVersion !== desired) {
    return `invalid groupVersion (expected ${desired}, received ${String(answer.apiVersion)})`;
  }
  if (answer.kind !== original.kind) {
    return `invalid kind (expected ${original.kind}, received ${String(answer.kind)})`;
  }
  const { metadata } = answer;
  if (!isObject(metadata)) return 'invalid metadata of type <nil>, expected map[string]interface {}';
  const from = original.metadata ?? {};
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const [was, is] = [from[field] ?? '', metadata[field] ?? ''];
    const shown = field === 'uid' ? 'UID' : field;
    if (was !== is) return `must have the same ${shown}: ${was} != ${String(is)}`;
  }
  for (const field of ['labels', 'annotations'] as const) {
    const values = metadata[field];
    if (values === undefined || values === null) continue;
    if (!isObject(values) || Object.values(values).some((value) => typeof value !== 'string')) {
      return `metadata.${field} must map texts to texts`;
    }
    const validate = field === 'labels' ? validateLabels : validateAnnotations;
    const [error] = validate(values as Record<string, string>, `metadata.${field}`);
    if (error) return `${error.field}: ${error.message}`;
  }
  return undefined;
}

function withMetadataOf(original: KubeObject, converted: KubeObject): KubeObject {
  const { labels: _labels, annotations: _annotations, ...kept } = original.metadata ?? {};
  const { labels, annotations } = converted.metadata ?? {};
  const metadata = { ...kept, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  const { kind, apiVersion, ...rest } = converted;
  return { kind, apiVersion, ...rest, metadata } as KubeObject;
}
