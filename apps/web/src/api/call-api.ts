import { ApiError, apiError } from '@wheelhouse/shared/errors';
import type { Status } from '@wheelhouse/shared/meta/object';

export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default JSON. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/**
 * One request to the cluster's API through the console's port. Every failure is an ApiError: the server's own,
 * or ServiceUnavailable when nobody answered. An aborted call rejects with the abort.
 */
export async function callApi(path: string, call: ApiCall = {}): Promise<unknown> {
  const answer = await send(path, call);
  if (!answer.ok) throw await failureOf(answer);
  return answer.json();
}

/** The same for answers that are text, or that stream. */
export async function callApiRaw(path: string, call: ApiCall = {}): Promise<Response> {
  const answer = await send(path, call);
  if (!answer.ok) throw await failureOf(answer);
  return answer;
}

async function send(
  path: string,
  { method = 'GET', body, contentType, accept = 'application/json', signal }: ApiCall,
): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      headers: {
        Accept: accept,
        ...(body === undefined ? {} : { 'Content-Type': contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw apiError(
      'ServiceUnavailable',
      'The cluster does not answer. Nothing was changed, as far as is known.',
    );
  }
}

async function failureOf(answer: Response): Promise<ApiError> {
  const text = await answer.text();
  try {
    const status: unknown = JSON.parse(text);
    if (isStatus(status)) return new ApiError(status);
  } catch {
    // Not every refusal is a Status: unknown paths answer in plain text.
  }
  return apiError(answer.status === 404 ? 'NotFound' : 'InternalError', text.trim() || answer.statusText, {
    code: answer.status,
  });
}

function isStatus(value: unknown): value is Status & { code: number; reason: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'Status' &&
    'reason' in value
  );
}

/** What went wrong, to show to a person. */
export function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
