import { type ApiError, apiError, badRequest, notFound } from '@wheelhouse/shared/errors';

/** The most of a kubelet's refusal that is read. */
export const MAX_REFUSAL_BYTES = 8 * 1024;

/** What a kubelet refused, as the API says it: its text under the same code. */
export function nodeRefusal(status: number, text: string): ApiError {
  switch (status) {
    case 400:
      return badRequest(text || 'the node refused the request');
    case 404:
      return text ? apiError('NotFound', text) : notFound({ kind: 'pods', name: '' });
    case 409:
      return apiError('Conflict', text || 'the container is not running');
    case 503:
      return apiError('ServiceUnavailable', text || 'the node cannot answer now');
    default:
      return apiError('InternalError', text || `the node answered ${status}`);
  }
}
