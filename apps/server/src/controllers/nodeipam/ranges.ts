/** Cuts one IPv4 range into equal ones and knows which of them are free. */
export class NodeRanges {
  readonly #base: number;
  readonly #size: number;
  readonly #count: number;

  /** `clusterCidr` like `10.244.0.0/16`; each node gets a `/maskSize`. Throws when they do not fit. */
  constructor(
    clusterCidr: string,
    private readonly maskSize: number,
  ) {
    const cluster = parseCidr(clusterCidr);
    if (!cluster) throw new Error(`"${clusterCidr}" is not an IPv4 range such as 10.244.0.0/16`);
    if (!(maskSize >= cluster.prefix && maskSize <= 30)) {
      throw new Error(`nodes cannot get /${maskSize} ranges out of ${clusterCidr}`);
    }
    this.#size = 2 ** (32 - maskSize);
    this.#count = 2 ** (maskSize - cluster.prefix);
    this.#base = cluster.base;
  }

  /** The first range that touches none of those in use (of whatever size); undefined when all are taken. */
  firstFree(inUse: Iterable<string>): string | undefined {
    const taken = new Set<number>();
    for (const text of inUse) {
      const used = parseCidr(text);
      if (!used) continue;
      const from = Math.max(0, Math.floor((used.base - this.#base) / this.#size));
      const to = Math.min(
        this.#count,
        Math.ceil((used.base + 2 ** (32 - used.prefix) - this.#base) / this.#size),
      );
      for (let index = from; index < to; index += 1) taken.add(index);
    }
    for (let index = 0; index < this.#count; index += 1) {
      if (!taken.has(index)) return `${formatIp(this.#base + index * this.#size)}/${this.maskSize}`;
    }
    return undefined;
  }
}

/** The network address as a number, and the prefix length. Host bits are cut off. */
function parseCidr(text: string): { base: number; prefix: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { base: address - (address % size), prefix };
}

function formatIp(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
