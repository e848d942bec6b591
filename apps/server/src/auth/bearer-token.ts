import type { Req } from '../http/extension';

/** The token of `Authorization: Bearer …`, or undefined when the request has none. */
export function bearerToken(req: Pick<Req, 'headers'>): string | undefined {
  const header = req.headers.authorization;
  if (header === undefined || header.length < 8 || header.slice(0, 7).toLowerCase() !== 'bearer ')
    return undefined;
  return header.slice(7).trim() || undefined;
}
