import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '@wheelhouse/shared/clock';
import { sameSecret } from '../../auth/random-token';

const SESSION_MS = 30 * 24 * 3600 * 1000;

/**
 * Sessions are signed, not stored: they outlive a restart of the server and end when the key does.
 * The cookie's value is `<user>.<expiry>.<nonce>.<signature>`, each part base64url or digits.
 */
export class SessionCookies {
  readonly #key: Buffer;
  readonly #name: string;

  constructor(
    secret: string,
    private readonly clock: Clock,
    /** Cookies ignore ports, so the port is part of the name: two clusters on one machine keep apart. */
    port: number,
  ) {
    this.#key = createHmac('sha256', secret).update('session cookies').digest();
    this.#name = `wheelhouse-${port}`;
  }

  /** A `Set-Cookie` value for this user. */
  issue(user: string): string {
    const expires = this.clock.now().getTime() + SESSION_MS;
    const payload = `${Buffer.from(user).toString('base64url')}.${expires}.${randomBytes(9).toString('base64url')}`;
    return `${this.#name}=${payload}.${this.#sign(payload)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}`;
  }

  /** A `Set-Cookie` value that ends the session in this browser. */
  clear(): string {
    return `${this.#name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }

  /** The user of a request's `Cookie` header, or undefined when it carries no valid session. */
  userOf(header: string | undefined): string | undefined {
    for (const pair of (header ?? '').split(';')) {
      const separator = pair.indexOf('=');
      if (separator < 0 || pair.slice(0, separator).trim() !== this.#name) continue;
      const user = this.#verify(pair.slice(separator + 1).trim());
      if (user !== undefined) return user;
    }
    return undefined;
  }

  #verify(value: string): string | undefined {
    const end = value.lastIndexOf('.');
    if (end < 0) return undefined;
    const payload = value.slice(0, end);
    if (!sameSecret(value.slice(end + 1), this.#sign(payload))) return undefined;
    const [user = '', expires = ''] = payload.split('.');
    if (!(Number(expires) > this.clock.now().getTime())) return undefined;
    return Buffer.from(user, 'base64url').toString();
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#key).update(payload).digest('base64url');
  }
}
