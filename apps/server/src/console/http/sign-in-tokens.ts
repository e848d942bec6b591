import { createHmac, randomBytes } from 'node:crypto';
import { digest, sameSecret } from '../../auth/random-token';

/** Enough for every link that somebody asked for and never opened. */
const MAX_OPEN = 100;

/**
 * What a sign-in link carries. Links that were printed work once; the one that is kept in the data directory
 * (readable by its owner alone) works as long as the key does.
 */
export class SignInTokens {
  /** Digests, so that a heap dump shows no token. */
  readonly #open = new Set<string>();
  readonly durable: string;

  constructor(secret: string) {
    this.durable = createHmac('sha256', secret).update('durable sign-in').digest('base64url');
  }

  issueOnce(): string {
    const token = randomBytes(24).toString('base64url');
    this.#open.add(digest(token).toString('hex'));
    for (const oldest of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
    }
    return token;
  }

  /** Whether the token opens the door; a one-time token is spent by asking. */
  redeem(token: string): boolean {
    if (sameSecret(token, this.durable)) return true;
    return this.#open.delete(digest(token).toString('hex'));
  }
}
