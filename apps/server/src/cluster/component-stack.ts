import type { Component, Logger } from '../component';

/** What has been started, to be stopped in the reverse order: all of it, even when one part fails to stop. */
export class ComponentStack implements Component {
  readonly #parts: { name: string; stop: () => Promise<void> | void }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  push(name: string, stop: () => Promise<void> | void): void {
    this.#parts.push({ name, stop });
  }

  async stop(): Promise<void> {
    for (const { name, stop } of this.#parts.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error({ err: error, part: name }, 'did not stop cleanly');
      }
    }
  }
}
