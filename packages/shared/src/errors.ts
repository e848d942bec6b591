import type { FieldError } from './meta/field-error';
import type { Status, StatusCause } from './meta/object';

/**
 * Every failure that crosses the API is an ApiError around a Status, made by one of the functions below.
 * Callers ask what an error means (`isConflict(e)`), never what its text says.
 * Reasons and codes: Kubernetes API conventions, "Response Status Kind".
 */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: Status & { code: number; reason: string },
    /** Seconds for a Retry-After header. */
    readonly retryAfterSeconds?: number,
  ) {
    super(status.message);
  }
  get code(): number {
    return this.status.code;
  }
  get reason(): string {
    return this.status.reason;
  }
}

const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

export type ErrorReason = keyof typeof CODES;

/** The resource an error speaks of; becomes `details`. */
export interface ErrorSubject {
  readonly group?: string | undefined;
  /** Plural resource for most reasons; the kind for Invalid, as Kubernetes does. */
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

export function apiError(
  reason: ErrorReason,
  message: string,
  options: { subject?: ErrorSubject; causes?: StatusCause[]; retryAfterSeconds?: number; code?: number } = {},
): ApiError {
  const { subject, causes, retryAfterSeconds } = options;
  const details = {
    ...(subject?.name ? { name: subject.name } : {}),
    ...(subject?.group ? { group: subject.group } : {}),
    ...(subject?.kind ? { kind: subject.kind } : {}),
    ...(subject?.uid ? { uid: subject.uid } : {}),
    ...(causes?.length ? { causes } : {}),
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  };
  return new ApiError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(Object.keys(details).length ? { details } : {}),
      code: options.code ?? CODES[reason],
    },
    retryAfterSeconds,
  );
}

/** `pods "web"`, `deployments.apps "web"`: how Kubernetes names a thing in messages. */
function quoted(subject: ErrorSubject): string {
  const resource = subject.group ? `${subject.kind}.${subject.group}` : subject.kind;
  return `${resource} "${subject.name ?? ''}"`;
}

export const notFound = (subject: ErrorSubject) =>
  apiError('NotFound', `${quoted(subject)} not found`, { subject });

export const alreadyExists = (subject: ErrorSubject) =>
  apiError('AlreadyExists', `${quoted(subject)} already exists`, { subject });

/** The same for an object that has a `generateName`. */
export const generatedNameTaken = (subject: ErrorSubject) =>
  apiError(
    'AlreadyExists',
    `${quoted(subject)} already exists, the server was not able to generate a unique name for the object`,
    { subject, retryAfterSeconds: 1 },
  );

export const conflict = (subject: ErrorSubject, why: string) =>
  apiError('Conflict', `Operation cannot be fulfilled on ${quoted(subject)}: ${why}`, { subject });

/** The conflict of a stale `resourceVersion`, in the words that clients know. */
export const staleWrite = (subject: ErrorSubject) =>
  conflict(
    subject,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const badRequest = (message: string) => apiError('BadRequest', message);
export const unauthorized = () => apiError('Unauthorized', 'Unauthorized');
export const forbidden = (subject: ErrorSubject, why: string) =>
  apiError(
    'Forbidden',
    subject.name !== undefined || subject.kind ? `${quoted(subject)} is forbidden: ${why}` : why,
    {
      subject,
    },
  );
export const methodNotAllowed = (
  message = 'the server does not allow this method on the requested resource',
  subject?: ErrorSubject,
) => apiError('MethodNotAllowed', message, subject ? { subject } : {});
export const notAcceptable = (message: string) => apiError('NotAcceptable', message);
export const unsupportedMediaType = (message: string) => apiError('UnsupportedMediaType', message);
export const expired = (message: string) => apiError('Expired', message);
export const tooLarge = (message: string) => apiError('RequestEntityTooLarge', message);
export const tooManyRequests = (message: string, retryAfterSeconds: number) =>
  apiError('TooManyRequests', message, { retryAfterSeconds });
export const internalError = (message: string) =>
  apiError('InternalError', `Internal error occurred: ${message}`);
export const serviceUnavailable = (message: string) => apiError('ServiceUnavailable', message);
export const timeout = (message: string, retryAfterSeconds = 1) =>
  apiError('Timeout', message, { retryAfterSeconds });

/** More are not told. */
const MOST_CAUSES = 500;

/** Validation failed; `kind` of the subject is the object's kind (not its plural), as Kubernetes answers. */
export function invalid(subject: ErrorSubject, found: readonly FieldError[]): ApiError {
  const errors = found.length <= MOST_CAUSES ? found : found.slice(0, MOST_CAUSES);
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return apiError('Invalid', `${quoted(subject)} is invalid: ${summary}`, {
    subject,
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

const hasReason =
  (...reasons: ErrorReason[]) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && (reasons as string[]).includes(error.reason);

export const isNotFound = hasReason('NotFound');
export const isAlreadyExists = hasReason('AlreadyExists');
export const isConflict = hasReason('Conflict');
export const isExpired = hasReason('Expired', 'Gone');
export const isInvalid = hasReason('Invalid');
export const isForbidden = hasReason('Forbidden');
export const isUnauthorized = hasReason('Unauthorized');
export const isTooManyRequests = hasReason('TooManyRequests');
export const isUnavailable = hasReason('ServiceUnavailable', 'Timeout');

/** Any thrown thing as an ApiError; unknown ones become InternalError and keep their cause. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const wrapped = internalError(error instanceof Error ? error.message : String(error));
  wrapped.cause = error;
  return wrapped;
}

/** Nothing new is let into a namespace that is being deleted; trying again is of no use. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!isForbidden(error)) return false;
  return error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
}
