import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/**
 * DNS rebinding: a page of another site can make its own name point here. Such a request carries that name in
 * `Host`, so only names that are known to be this machine's, and plain addresses, are answered.
 */
export function isHostAllowed(host: string | undefined, allowed: readonly string[]): boolean {
  if (!host) return false;
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d+$/, '');
  const lower = name.toLowerCase();
  return (
    isIP(lower) !== 0 || lower === 'localhost' || lower.endsWith('.localhost') || allowed.includes(lower)
  );
}

/**
 * Cross-site requests: browsers name the page's origin on every request that can change something and on every
 * socket. Programs that are not browsers send none; they hold the cookie because they were given it.
 */
export function isOriginAllowed(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  if (headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site') return false;
  if (origin === undefined) return true;
  return origin === `http://${host}` || origin === `https://${host}`;
}

export function isReadOnly(method: string | undefined): boolean {
  return SAFE_METHODS.includes(method ?? '');
}
