import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeMessage, decodeProtobuf } from './decode';
import { encodeMessage, encodeProtobuf, envelope } from './encode';

/** Fully filled objects as a real API server writes them, in both forms. */
const VECTORS = fileURLToPath(new URL('../../../../../../shared/facts/roundtrip/', import.meta.url));
const present = existsSync(VECTORS);
const vectors = present
  ? readdirSync(VECTORS)
      .filter((name) => name.endsWith('.pb'))
      .map((name) => name.slice(0, -3))
  : [];
/** The frame of a watch: the one vector whose envelope names no kind. */
const EVENT = 'core.v1.WatchEvent';
const named = vectors.filter((name) => name !== EVENT);
const names = named.filter((name) => existsSync(`${VECTORS}${name}.json`));

describe.skipIf(!present)('protobuf and JSON are the same object (vectors beside the repository)', () => {
  it.each(names)('%s', (name) => {
    const json = JSON.parse(readFileSync(`${VECTORS}${name}.json`, 'utf8'));
    expect(decodeProtobuf(readFileSync(`${VECTORS}${name}.pb`))).toEqual(json);
  });

  it.each(names)('%s, written', (name) => {
    const json = JSON.parse(readFileSync(`${VECTORS}${name}.json`, 'utf8'));
    const bytes = readFileSync(`${VECTORS}${name}.pb`);
    expect(encodeProtobuf(json)?.equals(bytes)).toBe(true);
  });

  it.each(named)('%s, there and back', (name) => {
    const bytes = readFileSync(`${VECTORS}${name}.pb`);
    expect(encodeProtobuf(decodeProtobuf(bytes))?.equals(bytes)).toBe(true);
  });

  it(EVENT, () => {
    const json = JSON.parse(readFileSync(`${VECTORS}${EVENT}.json`, 'utf8'));
    const message = encodeMessage('v1', 'WatchEvent', json) ?? Buffer.alloc(0);
    expect(envelope('', '', message).equals(readFileSync(`${VECTORS}${EVENT}.pb`))).toBe(true);
    expect(decodeMessage('v1', 'WatchEvent', message)).toEqual(json);
  });
});

/** Writes fields by hand: [number, bytes or number]. */
function encode(...fields: [number, Buffer | number | string][]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
      const bytes = Buffer.from(value as string);
      return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
    }),
  );
}
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
const body = (apiVersion: string, kind: string, raw: Buffer) =>
  Buffer.concat([Buffer.from('k8s\0'), encode([1, encode([1, apiVersion], [2, kind])], [2, raw])]);

describe('decodeProtobuf', () => {
  it('keeps the zero of a pointer and drops the zero of a plain field', () => {
    const spec = encode([1, 0], [5, 0]);
    expect(decodeProtobuf(body('apps/v1', 'Deployment', encode([2, spec])))).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      spec: { replicas: 0 },
    });
  });

  it('leaves pointers that are not set unwritten, or clients would send back empty ones', () => {
    const container = (extra: object) => ({ spec: { containers: [{ name: 'c', ...extra }] } });
    const without = encodeMessage('v1', 'Pod', container({}));
    const empty = encodeMessage('v1', 'Pod', container({ restartPolicy: '' }));
    // Field 24, two bytes of tag and one of length; the lengths around it stay single bytes.
    expect(empty?.length).toBe((without?.length ?? 0) + 3);
    expect(JSON.stringify(decodeMessage('v1', 'Pod', without ?? Buffer.alloc(0)))).not.toContain(
      'restartPolicy',
    );
  });

  it('keeps hostile keys ordinary', () => {
    const data = encode([1, '__proto__'], [2, 'x']);
    const decoded = decodeProtobuf(body('v1', 'ConfigMap', encode([2, data])));
    expect(Object.keys(decoded.data as object)).toEqual(['__proto__']);
    expect(JSON.stringify(decoded.data)).toBe('{"__proto__":"x"}');
  });

  it('ignores fields that it does not know', () => {
    expect(decodeProtobuf(body('v1', 'Namespace', encode([999, 'new'], [998, 5])))).toEqual({
      kind: 'Namespace',
      apiVersion: 'v1',
    });
  });

  it('knows delete options under any group', () => {
    expect(
      decodeProtobuf(body('policy/v1', 'DeleteOptions', encode([1, 0], [4, 'Background']))),
    ).toMatchObject({
      gracePeriodSeconds: 0,
      propagationPolicy: 'Background',
    });
  });

  it.each([
    ['no magic', Buffer.from('{}')],
    ['cut off', body('v1', 'Pod', Buffer.from([0x0a, 0x20, 0x01]))],
    ['endless number', body('v1', 'Pod', Buffer.alloc(12, 0xff))],
    ['wrong wire type', body('v1', 'Pod', encode([1, 5]))],
    ['unknown kind', body('v1', 'Nothing', Buffer.alloc(0))],
    ['prototype as a package', body('__proto__', 'constructor', Buffer.alloc(0))],
  ])('refuses what is no object: %s', (_name, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code: 400 }));
  });
});
