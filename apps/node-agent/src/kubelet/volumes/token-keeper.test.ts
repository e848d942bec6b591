import { ManualClock } from '@wheelhouse/shared/clock';
import { describe, expect, it } from 'vitest';
import { TokenKeeper } from './token-keeper';

const WISH = { audience: undefined, expirationSeconds: 1000 };

describe('tokens of a pod', () => {
  const setup = () => {
    const clock = new ManualClock();
    const state = { count: 0, down: false };
    const keeper = new TokenKeeper(clock, async ({ expirationSeconds }) => {
      if (state.down) throw new Error('the server is away');
      state.count += 1;
      const expiresAt = new Date(clock.now().getTime() + expirationSeconds * 1000);
      return { token: `token-${state.count}`, expiresAt };
    });
    return { clock, state, keeper };
  };

  it('are renewed after four fifths of their life', async () => {
    const { clock, keeper } = setup();
    expect(await keeper.token(WISH)).toBe('token-1');
    expect(keeper.untilRenewal()).toBe(800_000);
    clock.advance(799_000);
    expect(await keeper.token(WISH)).toBe('token-1');
    clock.advance(1_000);
    expect(keeper.untilRenewal()).toBe(0);
    expect(await keeper.token(WISH)).toBe('token-2');
  });

  it('are kept while they last when no new one is to be had', async () => {
    const { clock, state, keeper } = setup();
    await keeper.token(WISH);
    state.down = true;
    clock.advance(900_000);
    expect(await keeper.token(WISH)).toBe('token-1');
    expect(keeper.untilRenewal()).toBe(30_000);
    clock.advance(100_000);
    await expect(keeper.token(WISH)).rejects.toThrow('away');
  });

  it('are one for each audience and life', async () => {
    const { keeper } = setup();
    const tokens = [
      await keeper.token(WISH),
      await keeper.token({ ...WISH, audience: 'vault' }),
      await keeper.token({ ...WISH, expirationSeconds: 600 }),
      await keeper.token(WISH),
    ];
    expect(tokens).toEqual(['token-1', 'token-2', 'token-3', 'token-1']);
  });
});
