import { describe, expect, it } from 'vitest';
import { decode } from '../meta/decode';
import { isObject, type JsonObject } from '../meta/json';
import { apiVersionOf } from '../meta/kind';
import { haveFacts, listFacts, readJsonFact } from '../testing/facts';
import { allKinds } from './all';

/** Fully populated objects as Kubernetes writes them: no field may be unknown, none may change on its way through. */
interface Vector {
  readonly file: string;
  readonly object: JsonObject;
}

const vectors: Vector[] = haveFacts
  ? listFacts('facts/roundtrip')
      // `after_roundtrip`: how a later version writes the same object, with fields that it added.
      .filter((file) => file.endsWith('.json') && !file.includes('after_roundtrip'))
      .flatMap((file) => {
        const object = readJsonFact(`facts/roundtrip/${file}`);
        return isObject(object) ? [{ file, object }] : [];
      })
  : [];
const cases = allKinds.flatMap((kind) =>
  vectors
    .filter(({ object }) => object.kind === kind.kind && object.apiVersion === apiVersionOf(kind))
    .map(({ file, object }) => ({ file, object, kind })),
);

describe.skipIf(!haveFacts)('fully populated objects (facts beside the repository)', () => {
  it.each(cases)('$file', ({ kind, object }) => {
    const decoded = decode(kind, object);
    expect(decoded.unknownFields).toEqual([]);
    expect(decoded.object).toEqual(object);
  });

  it('there is one for nearly every kind', () => {
    const covered = new Set(cases.map(({ kind }) => kind));
    expect(covered.size).toBeGreaterThan(allKinds.length * 0.8);
  });
});
