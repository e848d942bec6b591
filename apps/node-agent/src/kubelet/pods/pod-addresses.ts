import { readFile, rename, writeFile } from 'node:fs/promises';

/**
 * Addresses of this node's pods, out of its range. What runs is the truth; the file only bridges the time in
 * which a pod has an address but no sandbox yet, so that an agent restart gives it the same one.
 * The first two addresses and the last of the range are never given: network, gateway, broadcast.
 */
export class PodAddresses {
  readonly #first: number;
  readonly #count: number;
  readonly #byPod = new Map<string, string>();
  #next = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    range: string,
    private readonly file: string,
  ) {
    const { base, size } = parseRange(range);
    this.#first = base + 2;
    this.#count = Math.max(0, size - 3);
  }

  /** Takes over what is in use, and from the file what belongs to `pods`. Call once before the first allocation. */
  async restore(inUse: ReadonlyMap<string, string>, pods: ReadonlySet<string>): Promise<void> {
    for (const [uid, address] of Object.entries(await readEntries(this.file))) {
      if (pods.has(uid)) this.#byPod.set(uid, address);
    }
    for (const [uid, address] of inUse) this.#byPod.set(uid, address);
    const highest = Math.max(
      -1,
      ...[...this.#byPod.values()].map((address) => toNumber(address) - this.#first),
    );
    this.#next = (highest + 1) % Math.max(1, this.#count);
  }

  get(uid: string): string | undefined {
    return this.#byPod.get(uid);
  }

  /** The pod's address, a new one at the first asking; undefined when the range is used up. */
  allocate(uid: string): string | undefined {
    const known = this.#byPod.get(uid);
    if (known) return known;
    const used = new Set(this.#byPod.values());
    for (let tried = 0; tried < this.#count; tried += 1) {
      const address = toText(this.#first + this.#next);
      // Going round, not from the bottom: an address just freed may still be in someone's connection table.
      this.#next = (this.#next + 1) % this.#count;
      if (used.has(address)) continue;
      this.#byPod.set(uid, address);
      this.#save();
      return address;
    }
    return undefined;
  }

  release(uid: string): void {
    if (this.#byPod.delete(uid)) this.#save();
  }

  /** Resolves once the file says what is known now. */
  flush(): Promise<void> {
    return this.#writing;
  }

  #save(): void {
    this.#writing = this.#writing.then(async () => {
      const temporary = `${this.file}.new`;
      try {
        await writeFile(temporary, JSON.stringify(Object.fromEntries(this.#byPod)));
        await rename(temporary, this.file);
      } catch {
        // The file is a help, not the truth; the next change writes it again.
      }
    });
  }
}

async function readEntries(file: string): Promise<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    // Missing on the first start; a torn file is as good as none.
    return {};
  }
}

/** `10.244.3.0/24` as a number and a count of addresses. Throws RangeError for what is no IPv4 range. */
export function parseRange(range: string): { base: number; size: number } {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(range);
  const bits = Number(match?.[2]);
  if (!match?.[1] || bits > 32) throw new RangeError(`${range} is no IPv4 range`);
  const size = 2 ** (32 - bits);
  const address = toNumber(match[1]);
  return { base: address - (address % size), size };
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
