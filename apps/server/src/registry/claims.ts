import type { Clock } from '@wheelhouse/shared/clock';
import { serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Store, WriteResult } from '../store/store';
import { STORE_ROOT } from './store-feed';

/** Who holds a claimed thing. */
export interface Claim {
  readonly holder: string;
  readonly uid: string;
  /** Milliseconds since the epoch: a claim whose holder does not exist may be one that is just being made. */
  readonly since: number;
}

/** How names are taken: for good, or only to see whether one could. */
export type Taking = Pick<Claims, 'take' | 'release' | 'all'>;

/**
 * Names that only one may hold at a time (addresses, ports), kept in the store and taken by compare-and-swap, so that
 * several API servers can give them out side by side.
 */
export class Claims {
  readonly #prefix: string;

  constructor(
    kind: string,
    private readonly store: Store,
    private readonly clock: Clock,
  ) {
    this.#prefix = `${STORE_ROOT}ranges/${kind}/`;
  }

  /** False when somebody else holds it. Claiming what one holds already succeeds. */
  async take(name: string, holder: string, uid: string): Promise<boolean> {
    const claim: Claim = { holder, uid, since: this.clock.now().getTime() };
    const result = await this.#write({
      op: 'put',
      key: this.#prefix + name,
      value: Buffer.from(JSON.stringify(claim)),
      expected: 0,
    });
    if (result.ok) return true;
    return result.current !== undefined && parse(result.current.value)?.uid === uid;
  }

  /** The same for a dry run, which says what would be and stands in nobody's way. */
  dry(): Taking {
    return {
      take: async (name, _holder, uid) => {
        const current = await this.store.get(this.#prefix + name);
        return !current || parse(current.value)?.uid === uid;
      },
      release: async () => {},
      all: () => this.all(),
    };
  }

  /** Gives a name back if `uid` holds it. */
  async release(name: string, uid: string): Promise<void> {
    const current = await this.store.get(this.#prefix + name);
    if (!current || parse(current.value)?.uid !== uid) return;
    await this.#write({ op: 'delete', key: current.key, expected: current.modRevision });
  }

  async all(): Promise<Map<string, Claim>> {
    const found = new Map<string, Claim>();
    const { entries } = await this.store.range({ prefix: this.#prefix });
    for (const { key, value } of entries) {
      const claim = parse(value);
      if (claim) found.set(key.slice(this.#prefix.length), claim);
    }
    return found;
  }

  async #write(write: Parameters<Store['write']>[0]): Promise<WriteResult> {
    try {
      return await this.store.write(write);
    } catch (error) {
      throw serviceUnavailable(error instanceof Error ? error.message : 'the store cannot be reached');
    }
  }
}

function parse(value: Uint8Array): Claim | undefined {
  const claim: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
  if (typeof claim !== 'object' || claim === null || !('uid' in claim) || !('since' in claim))
    return undefined;
  const { uid, since } = claim;
  const holder = 'holder' in claim ? String(claim.holder) : '';
  return typeof uid === 'string' && typeof since === 'number' ? { holder, uid, since } : undefined;
}
