import type { Clock } from '@wheelhouse/shared/clock';
import type { Probe } from 'kubernetes-types/core/v1';
import type { HandlerResult } from './handlers';
import { countResult, initialProbeState, type ProbeState } from './probe-state';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  /** When the run began, ms since the epoch: `initialDelaySeconds` counts from here. */
  readonly startedAt: number;
  /** The verdict to begin with, of a run that is adopted. */
  readonly initial: ProbeState['verdict'];
  run(timeoutMs: number): Promise<HandlerResult>;
  /** False while the probe has to wait: all but the startup probe do, until that has succeeded. */
  mayRun(): boolean;
  onVerdict(verdict: 'success' | 'failure', message: string): void;
  /** A failure that counts. */
  onFailure(message: string): void;
}

/**
 * While a program is starting a failure says little, and waiting a whole period would cost seconds: until the
 * first success, startup and readiness probes are tried at these distances first, without counting failures.
 */
const EAGER_MS = [50, 100, 200, 400, 800];

/** Probes one run of a container until stopped. */
export class ProbeWorker {
  #state: ProbeState;
  #eager = 0;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(private readonly options: ProbeWorkerOptions) {
    this.#state = { ...initialProbeState, verdict: options.initial };
    if (options.kind === 'liveness' || options.initial === 'success') this.#eager = EAGER_MS.length;
    const { probe, clock, startedAt } = options;
    const begin = startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now().getTime();
    this.#cancel = clock.after(Math.max(0, begin), () => void this.#probe());
  }

  get verdict(): ProbeState['verdict'] {
    return this.#state.verdict;
  }

  /** What kept it waiting is over. */
  poke(): void {
    if (this.#stopped || this.#probing) return;
    this.#cancel();
    void this.#probe();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #probing = false;

  async #probe(): Promise<void> {
    const { probe, clock, kind } = this.options;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    if (this.#stopped) return;
    if (!this.options.mayRun()) {
      this.#cancel = clock.after(periodMs, () => void this.#probe());
      return;
    }
    this.#probing = true;
    const { ok, message } = await this.options.run((probe.timeoutSeconds ?? 1) * 1000);
    this.#probing = false;
    if (this.#stopped) return;
    const eagerMs = EAGER_MS[this.#eager];
    this.#eager = ok ? EAGER_MS.length : this.#eager + 1;
    if (!ok && eagerMs !== undefined && eagerMs < periodMs) {
      this.#cancel = clock.after(eagerMs, () => void this.#probe());
      return;
    }
    const before = this.#state.verdict;
    this.#state = countResult(this.#state, ok, {
      successThreshold: probe.successThreshold ?? 1,
      failureThreshold: probe.failureThreshold ?? 3,
    });
    if (!ok) this.options.onFailure(message);
    const { verdict } = this.#state;
    if (verdict && verdict !== before) this.options.onVerdict(verdict, message);
    // A program that has started stays started.
    if (kind === 'startup' && verdict === 'success') return;
    this.#cancel = clock.after(periodMs, () => void this.#probe());
  }
}
