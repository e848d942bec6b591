import { describe, expect, it } from 'vitest';
import { acquireHostLock, type HostLock } from './host-lock';

const name = `test-${process.pid}`;

function acquire(lockName: string) {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const acquired = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  let held = false;
  const lock: HostLock = acquireHostLock({
    name: lockName,
    onAcquired: () => {
      held = true;
      resolve();
    },
    onError: (error) => reject(error),
  });
  return { lock, acquired, isHeld: () => held };
}

describe('acquireHostLock', () => {
  it('has one holder, and passes on when the holder releases', async () => {
    const first = acquire(`${name}-pass`);
    await first.acquired;
    const second = acquire(`${name}-pass`);
    const third = acquire(`${name}-pass`);
    await first.lock.release();
    await Promise.race([second.acquired, third.acquired]);
    expect([second.isHeld(), third.isHeld()].filter(Boolean)).toHaveLength(1);
    const [holder, waiter] = second.isHeld() ? [second, third] : [third, second];
    await holder.lock.release();
    await waiter.acquired;
    await waiter.lock.release();
  });

  it('does not mix up names', async () => {
    const one = acquire(`${name}-a`);
    const other = acquire(`${name}-b`);
    await Promise.all([one.acquired, other.acquired]);
    await one.lock.release();
    await other.lock.release();
  });
});
