import { ApiError, apiError, type ErrorReason } from '@wheelhouse/shared/errors';

/** Answers that speak of no particular object carry empty details, as Kubernetes' generic ones do. */
function generic(reason: ErrorReason, message: string): ApiError {
  const { status } = apiError(reason, message);
  return new ApiError({ ...status, details: {} });
}

export const noSuchResource = () => generic('NotFound', 'the server could not find the requested resource');
export const noSuchMethod = () =>
  generic('MethodNotAllowed', 'the server does not allow this method on the requested resource');
