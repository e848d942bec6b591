/** Addresses without Node: IPv4 in dotted form, IPv6 in any of its forms. */

/** The four numbers of an IPv4 address as one; undefined when it is none. Leading zeros are refused. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (part.length > 1 && part.startsWith('0')) return undefined;
    const number = Number(part);
    if (number > 255) return undefined;
    value = value * 256 + number;
  }
  return value;
}

/** The eight groups of an IPv6 address; undefined when it is none. */
export function parseIpv6(text: string): number[] | undefined {
  let rest = text;
  const tail: number[] = [];
  const v4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(rest);
  if (v4) {
    const value = parseIpv4(v4[2] ?? '');
    if (value === undefined) return undefined;
    tail.push(Math.floor(value / 65536), value % 65536);
    rest = v4[1] ?? '';
    rest = rest.endsWith('::') ? rest : rest.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined) => (half ? half.split(':') : []);
  const head = groups(halves[0]);
  const end = groups(halves[1]);
  if (![...head, ...end].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const numbers = (texts: string[]) => texts.map((group) => Number.parseInt(group, 16));
  const missing = 8 - head.length - end.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...numbers(head), ...new Array<number>(missing).fill(0), ...numbers(end), ...tail];
}

export function isIp(text: string): boolean {
  return parseIpv4(text) !== undefined || (text.includes(':') && parseIpv6(text) !== undefined);
}

/** `10.0.0.0/8`: base address and prefix length. Undefined when it is no IPv4 range. */
function parseCidrV4(text: string): { base: number; bits: number } | undefined {
  const [address = '', length = ''] = text.split('/');
  const base = parseIpv4(address);
  if (base === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  return { base, bits: Number(length) };
}

export function isCidr(text: string): boolean {
  if (parseCidrV4(text)) return true;
  const [address = '', length = '', more] = text.split('/');
  return (
    more === undefined &&
    parseIpv6(address) !== undefined &&
    /^\d{1,3}$/.test(length) &&
    Number(length) <= 128
  );
}

/** The bits of a range's first address and how many of them count; undefined when it is none. */
function cidrBits(text: string): { bits: string; length: number } | undefined {
  const [address = '', length = ''] = text.split('/');
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return { bits: v4.toString(2).padStart(32, '0'), length: Number(length) };
  const v6 = parseIpv6(address);
  if (!v6) return undefined;
  return {
    bits: v6.map((group) => group.toString(2).padStart(16, '0')).join(''),
    length: Number(length),
  };
}

/** True when `part` is a range within `whole` and smaller than it. */
export function cidrContains(whole: string, part: string): boolean {
  const [outer, inner] = [cidrBits(whole), cidrBits(part)];
  if (!outer || !inner || outer.bits.length !== inner.bits.length) return false;
  return (
    inner.length > outer.length && inner.bits.slice(0, outer.length) === outer.bits.slice(0, outer.length)
  );
}

/** The one form of an address in which it is written: no leading zeros, the longest run of zeros as `::`. */
export function canonicalIp(text: string): string | undefined {
  if (parseIpv4(text) !== undefined) return text;
  const groups = parseIpv6(text);
  if (!groups) return undefined;
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
