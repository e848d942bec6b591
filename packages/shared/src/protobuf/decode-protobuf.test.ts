import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors';
import { haveFacts, listFacts, readFact, readJsonFact } from '../testing/facts';
import { decodeProtobuf } from './decode-protobuf';

const MAGIC = [0x6b, 0x38, 0x73, 0];
const text = (value: string) => [...new TextEncoder().encode(value)];
const field = (number: number, bytes: number[]) => [number * 8 + 2, bytes.length, ...bytes];
const body = (apiVersion: string, kind: string, raw: number[]) =>
  Uint8Array.from([
    ...MAGIC,
    ...field(1, [...field(1, text(apiVersion)), ...field(2, text(kind))]),
    ...field(2, raw),
  ]);

describe('decodeProtobuf', () => {
  it('reads a config map, and leaves out empty texts', () => {
    const entry = field(2, [...field(1, text('k')), ...field(2, text('v'))]);
    const metadata = field(1, [...field(1, text('a')), ...field(2, []), ...field(8, [])]);
    expect(decodeProtobuf(body('v1', 'ConfigMap', [...metadata, ...entry]))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { k: 'v' },
    });
  });

  it('skips fields that it does not know', () => {
    const unknown = [...field(15, text('x')), 14 * 8, 1];
    expect(decodeProtobuf(body('v1', 'ConfigMap', unknown))).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['JSON', Uint8Array.from(text('{"kind":"Pod"}'))],
    ['an unknown kind', body('v1', 'Nope', [])],
    ['a kind with a path in its name', body('v1', '../Pod', [])],
    ['a length beyond the end', Uint8Array.from([...MAGIC, 2 * 8 + 2, 200, 1])],
    ['an endless number', body('v1', 'ConfigMap', new Array(20).fill(0xff))],
    ['a wrong wire type', body('v1', 'ConfigMap', [1 * 8, 1])],
    ['a text that is not UTF-8', body('v1', 'ConfigMap', field(1, field(1, [0xff])))],
  ])('refuses %s as a bad request', (_what, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(ApiError);
    expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code: 400 }));
  });
});

/** Request options have kinds of their own there, but never travel as bodies; the rest is not protobuf's to begin with. */
const kinds = listFacts('facts/roundtrip')
  .filter((name) => name.endsWith('.pb') && !name.includes('.after_'))
  .map((name) => name.slice(0, -'.pb'.length))
  .filter((name) => !/\.(\w+Options|API\w+|WatchEvent)$/.test(name) || name.endsWith('.DeleteOptions'));

describe.skipIf(!haveFacts)('every kind, fully populated, in both forms', () => {
  it.each(kinds)('%s', (name) => {
    expect(decodeProtobuf(readFact(`facts/roundtrip/${name}.pb`))).toEqual(
      readJsonFact(`facts/roundtrip/${name}.json`),
    );
  });
});
