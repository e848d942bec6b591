/** What `npm start` says at the terminal: a line per step, then one block with everything one needs. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #styled: boolean;
  readonly #started = performance.now();

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
    this.#styled = out.isTTY && !process.env.NO_COLOR;
  }

  step(text: string): void {
    this.#out.write(
      `  ${this.#dim(`${((performance.now() - this.#started) / 1000).toFixed(1)} s`)}  ${text}\n`,
    );
  }

  note(text: string): void {
    this.#out.write(`  ${this.#brass('note')}  ${text}\n`);
  }

  /** The closing block; scripts wait for its last line. */
  ready(facts: readonly (readonly [string, string])[]): void {
    const width = Math.max(...facts.map(([label]) => label.length));
    const lines = facts.map(([label, value]) => `  ${this.#dim(label.padEnd(width))}  ${value}`);
    this.#out.write(`\n${lines.join('\n')}\n\n${this.#brass('Wheelhouse is ready')}\n`);
  }

  #dim(text: string): string {
    return this.#styled ? `\x1b[2m${text}\x1b[0m` : text;
  }

  #brass(text: string): string {
    return this.#styled ? `\x1b[1;33m${text}\x1b[0m` : text;
  }
}
