import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { ManualClock } from '@wheelhouse/shared/clock';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import type { Component } from '../../component';
import type { ControllerDefinition, ControllerSettings } from '../machinery/controller';
import { startControllers } from '../start-controllers';

/** Controllers against an API in memory, with a clock turned by hand: deterministic down to the last step. */
export class Harness {
  readonly clock = new ManualClock();
  readonly client = new MemoryClient(this.clock);
  #running: Component | undefined;

  constructor(
    private readonly enabled: readonly string[],
    private readonly settings: ControllerSettings = {},
    private readonly extra: readonly ControllerDefinition[] = [],
  ) {}

  async start(): Promise<void> {
    const { client, clock, enabled, settings, extra } = this;
    const starting = startControllers({
      client,
      clock,
      enabled,
      settings,
      extra,
      log: pino({ level: 'silent' }),
    });
    this.#running = await starting;
    await this.quiet();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Everything that does not wait for the clock has happened: one turn of the event loop drains all promises. */
  async quiet(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Time passes once everything that does not wait for it has happened: no event is on its way for that long. */
  async advance(ms: number): Promise<void> {
    await this.quiet();
    this.clock.advance(ms);
    await this.quiet();
  }

  /** Long enough for every back-off. */
  async settle(): Promise<void> {
    for (let i = 0; i < 12; i += 1) await this.advance(30_000);
  }

  pods(): Stored<Pod>[] {
    return this.client.all(podKind);
  }

  /** What the kubelet would report. */
  async setPod(pod: Stored<Pod>, state: 'ready' | 'unready' | 'failed' | 'succeeded'): Promise<void> {
    const phase = state === 'failed' ? 'Failed' : state === 'succeeded' ? 'Succeeded' : 'Running';
    const lastTransitionTime = this.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const ready = { type: 'Ready', status: state === 'ready' ? 'True' : 'False', lastTransitionTime };
    const number = Number(pod.metadata.uid.slice(4));
    const status = { phase, conditions: [ready], podIP: `10.0.${(number >> 8) & 255}.${number & 255}` };
    await this.client.update(
      podKind,
      { ...pod, metadata: { ...pod.metadata, resourceVersion: '' }, status },
      { subresource: 'status' },
    );
  }

  /** Ends the grace period of pods that are being deleted, as the kubelet does. */
  async finishTerminating(): Promise<void> {
    for (const pod of this.pods().filter(({ metadata }) => metadata.deletionTimestamp)) {
      await this.client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0 });
    }
  }
}
