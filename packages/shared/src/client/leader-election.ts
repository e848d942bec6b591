import type { LeaseSpec } from 'kubernetes-types/coordination/v1';
import { type Clock, systemClock } from '../clock';
import { isAlreadyExists, isConflict, isNotFound } from '../errors';
import { type Lease, leaseKind } from '../kinds/coordination/lease';
import type { Stored } from '../meta/object';
import type { Client, ObjectRef } from './client';

export interface LeaderElectionOptions {
  /** Name and namespace of the Lease that all candidates share. */
  readonly lease: Required<ObjectRef>;
  /** Different for each candidate, also after a restart. */
  readonly identity: string;
  /** Begins the work. What it returns is stopped when leadership ends; the next term starts it anew. */
  readonly lead: () => Promise<{ stop(): Promise<void> }>;
  readonly onError?: (error: unknown) => void;
  /** After so long without a renewal others take over. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** After so long without success the leader gives up; shorter than the lease's duration. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. Default 2 s. */
  readonly retryPeriodMs?: number;
  readonly clock?: Clock;
}

export interface LeaderElection {
  readonly isLeader: boolean;
  /** Ends the work, then hands the lease back so that another candidate need not wait for it to lapse. */
  stop(): Promise<void>;
}

/** The lease as this candidate has last seen it change, in its own monotonic time. */
interface Observation {
  readonly record: string;
  readonly at: number;
}

export type Attempt = 'take' | 'renew' | 'wait';

/** Clocks of candidates are never compared: a lease has lapsed when *we* have not seen it change for its duration. */
export function decideAttempt(
  spec: LeaseSpec | undefined,
  context: {
    readonly identity: string;
    readonly observedAt: number;
    readonly now: number;
    readonly durationMs: number;
  },
): Attempt {
  if (spec?.holderIdentity === context.identity) return 'renew';
  if (!spec?.holderIdentity) return 'take';
  return context.now >= context.observedAt + context.durationMs ? 'take' : 'wait';
}

/**
 * Of all candidates that share a Lease at most one leads, as long as none of their clocks runs much faster than
 * another's. Starts at once and goes on until `stop`.
 */
export function startLeaderElection(client: Client, options: LeaderElectionOptions): LeaderElection {
  const { lease: ref, identity, clock = systemClock } = options;
  const durationMs = options.leaseDurationMs ?? 15_000;
  const deadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryMs = options.retryPeriodMs ?? 2_000;
  let observation: Observation | undefined;
  /** Set while this candidate leads. */
  let work: Promise<{ stop(): Promise<void> }> | undefined;
  /** Set while work is being ended; a new term waits for it. */
  let ending: Promise<void> | undefined;
  /** Ends the work when no renewal comes through in time, even while a request hangs. */
  let disarm: () => void = () => undefined;
  let stopped = false;
  let wake: () => void = () => undefined;

  async function attempt(): Promise<boolean> {
    const current = await read();
    const record = JSON.stringify(current?.spec ?? null);
    if (observation?.record !== record) observation = { record, at: clock.monotonic() };
    const context = { identity, observedAt: observation.at, now: clock.monotonic(), durationMs };
    const action = decideAttempt(current?.spec, context);
    if (action === 'wait') return false;
    try {
      await write(current, action);
      return true;
    } catch (error) {
      // Another candidate was faster.
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  async function read(): Promise<Stored<Lease> | undefined> {
    try {
      return await client.get(leaseKind, ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function write(current: Stored<Lease> | undefined, action: 'take' | 'renew'): Promise<void> {
    const time = microTime(clock.now());
    const before = current?.spec;
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: action === 'renew' ? (before?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (action === 'take' && before ? 1 : 0),
    };
    const written = current
      ? await client.update(leaseKind, { ...current, spec })
      : await client.create(leaseKind, { metadata: { ...ref }, spec });
    observation = { record: JSON.stringify(written.spec ?? null), at: clock.monotonic() };
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const begun = clock.monotonic();
      let holds = false;
      try {
        holds = await attempt();
      } catch (error) {
        options.onError?.(error);
      }
      // The time of the request counts, not of its answer: the server may have written any time in between.
      const leftMs = begun + deadlineMs - clock.monotonic();
      if (holds && leftMs > 0 && !stopped) {
        disarm();
        disarm = clock.after(leftMs, () => void end());
        if (!work && !ending) begin();
      }
      if (!stopped) await pause();
    }
  }

  function begin(): void {
    const term = options.lead();
    work = term;
    term.catch((error: unknown) => {
      // Work that cannot begin here may begin elsewhere, or at the next attempt.
      if (work === term) work = undefined;
      options.onError?.(error);
    });
  }

  function end(): Promise<void> {
    disarm();
    const term = work;
    work = undefined;
    if (!term) return ending ?? Promise.resolve();
    ending = term
      .then((running) => running.stop())
      .catch((error: unknown) => options.onError?.(error))
      .finally(() => {
        ending = undefined;
      });
    return ending;
  }

  async function release(): Promise<void> {
    try {
      const current = await read();
      if (current?.spec?.holderIdentity !== identity) return;
      await client.update(leaseKind, { ...current, spec: { ...current.spec, holderIdentity: '' } });
    } catch (error) {
      // It lapses by itself.
      options.onError?.(error);
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(retryMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  const running = run();
  let stopping: Promise<void> | undefined;
  return {
    get isLeader() {
      return work !== undefined;
    },
    stop() {
      stopping ??= (async () => {
        stopped = true;
        const led = work !== undefined;
        wake();
        await end();
        await running;
        if (led) await release();
      })();
      return stopping;
    },
  };
}

/** Six digits of fraction, as Kubernetes' MicroTime. */
function microTime(now: Date): string {
  return now.toISOString().replace('Z', '000Z');
}
