import type { Clock } from '@wheelhouse/shared/clock';

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface TokenWish {
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

interface Kept extends IssuedToken {
  readonly renewAt: number;
}

/** Renewed after this part of their life, so that there is time for a server that is away. */
const RENEW_AFTER = 0.8;
/** No token is kept longer than this, however long it would last. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
const RETRY_MS = 30_000;

/** The tokens of one pod: asked for once, renewed in time; an old one is kept while it lasts and no new one comes. */
export class TokenKeeper {
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly clock: Clock,
    private readonly request: (wish: TokenWish) => Promise<IssuedToken>,
  ) {}

  async token(wish: TokenWish): Promise<string> {
    const key = `${wish.expirationSeconds}/${wish.audience ?? ''}`;
    const now = this.clock.now().getTime();
    const kept = this.#kept.get(key);
    if (kept && now < kept.renewAt) return kept.token;
    try {
      const issued = await this.request(wish);
      const life = issued.expiresAt.getTime() - now;
      this.#kept.set(key, { ...issued, renewAt: now + Math.min(life * RENEW_AFTER, MAX_AGE_MS) });
      return issued.token;
    } catch (error) {
      if (!kept || now >= kept.expiresAt.getTime()) throw error;
      this.#kept.set(key, { ...kept, renewAt: now + RETRY_MS });
      return kept.token;
    }
  }

  /** Milliseconds until the first of them is to be renewed. */
  untilRenewal(): number {
    const now = this.clock.now().getTime();
    let first = Number.POSITIVE_INFINITY;
    for (const { renewAt } of this.#kept.values()) first = Math.min(first, renewAt - now);
    return Math.max(0, first);
  }
}
