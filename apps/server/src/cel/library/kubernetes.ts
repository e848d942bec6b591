import { isCidr, isIp, parseIpv4, parseIpv6 } from '@wheelhouse/shared/meta/ip';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  parseQuantity,
  subtractQuantities,
} from '@wheelhouse/shared/meta/quantity';
import { matchesFormat } from '../../custom-resources/schema/formats';
import type { Functions, Implementation } from '../functions';
import { CelError, type CelValue, MapValue, Opaque } from '../values';

class Quantity extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  constructor(readonly text: string) {
    super();
  }
  override equals(other: CelValue): boolean {
    return other instanceof Quantity && compareQuantities(this.text, other.text) === 0;
  }
}

class Url extends Opaque {
  readonly typeName = 'kubernetes.URL';
  constructor(
    readonly url: URL | undefined,
    readonly text: string,
  ) {
    super();
  }
  override equals(other: CelValue): boolean {
    return other instanceof Url && this.text === other.text;
  }
}

/** An address as its bits: 4 or 16 octets. */
class Ip extends Opaque {
  readonly typeName = 'net.IP';
  readonly octets: readonly number[];
  constructor(readonly text: string) {
    super();
    this.octets = octetsOf(text);
  }
  override equals(other: CelValue): boolean {
    return other instanceof Ip && String(this.octets) === String(other.octets);
  }
}

class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: Ip;
  readonly bits: number;
  constructor(readonly text: string) {
    super();
    const [address = '', bits = ''] = text.split('/');
    this.ip = new Ip(address);
    this.bits = Number(bits);
  }
  override equals(other: CelValue): boolean {
    return other instanceof Cidr && this.ip.equals(other.ip) && this.bits === other.bits;
  }
  covers(ip: Ip, bits = ip.octets.length * 8): boolean {
    if (ip.octets.length !== this.ip.octets.length || bits < this.bits) return false;
    return String(masked(ip.octets, this.bits)) === String(masked(this.ip.octets, this.bits));
  }
}

function octetsOf(text: string): number[] {
  const four = parseIpv4(text);
  if (four !== undefined) return [24, 16, 8, 0].map((shift) => (four >>> shift) & 255);
  const groups = parseIpv6(text);
  if (!groups)
    throw new CelError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return groups.length === 16 ? groups : groups.flatMap((group) => [group >> 8, group & 255]);
}

function masked(octets: readonly number[], bits: number): number[] {
  return octets.map((octet, i) => {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    return octet & (0xff << (8 - kept)) & 255;
  });
}

function addressText(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from(
    { length: 8 },
    (_value, i) => ((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0),
  );
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname.slice(1, -1);
}

function ipOf(text: string): Ip {
  if (!isIp(text))
    throw new CelError(
      `IP Address ${JSON.stringify(text.slice(0, 60))} parse error during conversion from string`,
    );
  return new Ip(text);
}

function cidrOf(text: string): Cidr {
  if (!isCidr(text))
    throw new CelError(
      `network address ${JSON.stringify(text.slice(0, 60))} parse error during conversion from string`,
    );
  return new Cidr(text);
}

function quantityOf(text: string): Quantity {
  if (!isQuantity(text)) throw new CelError('quantities must match the regular expression of quantities');
  return new Quantity(text);
}

function urlOf(text: string): Url | undefined {
  if (text.startsWith('/') && !/\s/.test(text))
    return new Url(new URL(text, 'http://relative.invalid'), text);
  try {
    return new Url(new URL(text), text);
  } catch {
    return undefined;
  }
}

const text =
  (operation: (value: string) => CelValue): Implementation =>
  ([value]) =>
    typeof value === 'string' ? operation(value) : undefined;

const ofUrl =
  (operation: (url: URL, isRelative: boolean) => CelValue): Implementation =>
  ([value]) =>
    value instanceof Url && value.url ? operation(value.url, value.text.startsWith('/')) : undefined;

const ofQuantities =
  (operation: (a: string, b: string) => CelValue): Implementation =>
  ([a, b]) => {
    if (!(a instanceof Quantity)) return undefined;
    if (b instanceof Quantity) return operation(a.text, b.text);
    return typeof b === 'bigint' ? operation(a.text, String(b)) : undefined;
  };

const ofIp =
  (operation: (octets: readonly number[]) => CelValue): Implementation =>
  ([value]) =>
    value instanceof Ip ? operation(value.octets) : undefined;

const NANO = 1_000_000_000n;
const isV4 = (octets: readonly number[]) => octets.length === 4;
const allZero = (octets: readonly number[]) => octets.every((octet) => octet === 0);

const NAMED_FORMATS: Readonly<Record<string, RegExp>> = {
  dns1123Label: /^(?=.{1,63}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  dns1123Subdomain: /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/,
  dns1035Label: /^(?=.{1,63}$)[a-z](?:[-a-z0-9]*[a-z0-9])?$/,
  qualifiedName: /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  labelValue: /^(?=.{0,63}$)(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
};

class NamedFormat extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  constructor(readonly matches: (value: string) => boolean) {
    super();
  }
  override equals(other: CelValue): boolean {
    return other === this;
  }
}

const formats = Object.fromEntries([
  ...Object.entries(NAMED_FORMATS).map(([name, pattern]) => [
    `format.${name}`,
    () => new NamedFormat((value) => value.length < 400 && pattern.test(value)),
  ]),
  ...['uri', 'uuid', 'byte', 'date', 'datetime'].map((name) => [
    `format.${name}`,
    () => new NamedFormat((value) => matchesFormat(name, value)),
  ]),
]) as Record<string, Implementation>;

/** Kubernetes' own libraries: URLs, quantities, addresses, named formats. */
export const KUBERNETES: Functions = {
  global: {
    ...formats,
    url: text((value) => {
      const url = urlOf(value);
      if (!url) throw new CelError(`URL parse error during conversion from string`);
      return url;
    }),
    isURL: text((value) => urlOf(value) !== undefined),
    quantity: text(quantityOf),
    isQuantity: text(isQuantity),
    ip: text(ipOf),
    isIP: text(isIp),
    'ip.isCanonical': text((value) => addressText(ipOf(value).octets) === value),
    cidr: text(cidrOf),
    isCIDR: text(isCidr),
    string: ([value]) =>
      value instanceof Ip || value instanceof Cidr || value instanceof Quantity || value instanceof Url
        ? value.text
        : undefined,
  },
  methods: {
    getScheme: ofUrl((url, isRelative) => (isRelative ? '' : url.protocol.slice(0, -1))),
    getHost: ofUrl((url, isRelative) => (isRelative ? '' : url.host)),
    getHostname: ofUrl((url, isRelative) => (isRelative ? '' : url.hostname.replace(/^\[|\]$/g, ''))),
    getPort: ofUrl((url) => url.port),
    getEscapedPath: ofUrl((url) => url.pathname),
    getQuery: ofUrl((url) => {
      const map = new MapValue();
      for (const key of new Set(url.searchParams.keys())) map.set(key, url.searchParams.getAll(key));
      return map;
    }),
    add: ofQuantities((a, b) => new Quantity(addQuantities(a, b))),
    sub: ofQuantities((a, b) => new Quantity(subtractQuantities(a, b))),
    isLessThan: ofQuantities((a, b) => compareQuantities(a, b) < 0),
    isGreaterThan: ofQuantities((a, b) => compareQuantities(a, b) > 0),
    compareTo: ofQuantities((a, b) => BigInt(Math.sign(compareQuantities(a, b)))),
    sign: ([value]) =>
      value instanceof Quantity ? BigInt(Math.sign(compareQuantities(value.text, '0'))) : undefined,
    isInteger: ([value]) =>
      value instanceof Quantity ? parseQuantity(value.text).nanos % NANO === 0n : undefined,
    asInteger: ([value]) => {
      if (!(value instanceof Quantity)) return undefined;
      const { nanos } = parseQuantity(value.text);
      if (nanos % NANO !== 0n) throw new CelError('cannot convert value to integer');
      return nanos / NANO;
    },
    asApproximateFloat: ([value]) =>
      value instanceof Quantity
        ? Number(parseQuantity(canonicalQuantity(value.text)).nanos) / 1e9
        : undefined,
    family: ofIp((octets) => (isV4(octets) ? 4n : 6n)),
    isUnspecified: ofIp(allZero),
    isLoopback: ofIp((octets) =>
      isV4(octets) ? octets[0] === 127 : allZero(octets.slice(0, 15)) && octets[15] === 1,
    ),
    isLinkLocalMulticast: ofIp((octets) =>
      isV4(octets)
        ? octets[0] === 224 && octets[1] === 0 && octets[2] === 0
        : octets[0] === 0xff && ((octets[1] ?? 0) & 15) === 2,
    ),
    isLinkLocalUnicast: ofIp((octets) =>
      isV4(octets)
        ? octets[0] === 169 && octets[1] === 254
        : octets[0] === 0xfe && ((octets[1] ?? 0) & 0xc0) === 0x80,
    ),
    isGlobalUnicast: ofIp((octets) => {
      if (allZero(octets)) return false;
      if (isV4(octets)) {
        const first = octets[0] ?? 0;
        return first !== 127 && first < 224 && !(first === 169 && octets[1] === 254);
      }
      const loopback = allZero(octets.slice(0, 15)) && octets[15] === 1;
      return !loopback && octets[0] !== 0xff && !(octets[0] === 0xfe && ((octets[1] ?? 0) & 0xc0) === 0x80);
    }),
    containsIP: ([range, value]) => {
      if (!(range instanceof Cidr)) return undefined;
      if (value instanceof Ip) return range.covers(value);
      return typeof value === 'string' ? range.covers(ipOf(value)) : undefined;
    },
    containsCIDR: ([range, value]) => {
      if (!(range instanceof Cidr)) return undefined;
      const other = typeof value === 'string' ? cidrOf(value) : value;
      return other instanceof Cidr ? range.covers(other.ip, other.bits) : undefined;
    },
    ip: ([range]) => (range instanceof Cidr ? range.ip : undefined),
    masked: ([range]) =>
      range instanceof Cidr
        ? new Cidr(`${addressText(masked(range.ip.octets, range.bits))}/${range.bits}`)
        : undefined,
    prefixLength: ([range]) => (range instanceof Cidr ? BigInt(range.bits) : undefined),
    validate: ([format, value]) =>
      format instanceof NamedFormat && typeof value === 'string' ? format.matches(value) : undefined,
  },
};
