import { invalid } from '@wheelhouse/shared/errors';
import { describe, expect, it } from 'vitest';
import { lineOf, problemsOf, stepsOf } from './problems';

const text = `kind: Service
metadata:
  name: a
---
kind: Pod
metadata:
  name: b
spec:
  containers:
    - name: main
      image: x
    - name: Side
`;

describe('lineOf', () => {
  it('finds a field in the document that was refused', () => {
    expect(lineOf(text, 'metadata.name', 0)).toBe(3);
    expect(lineOf(text, 'spec.containers[1].name', 1)).toBe(12);
  });
  it('goes as near as it can to a field that is missing', () => {
    expect(lineOf(text, 'spec.containers[1].image', 1)).toBe(12);
    expect(lineOf(text, 'spec.restartPolicy', 1)).toBe(8);
  });
});

describe('problemsOf', () => {
  it('puts each cause on its line', () => {
    const refusal = invalid({ kind: 'Pod', name: 'b' }, [
      { field: 'spec.containers[1].name', reason: 'FieldValueInvalid', message: 'Invalid value: "Side"' },
    ]);
    expect(problemsOf(refusal, text, 1)).toEqual([
      { line: 12, text: 'spec.containers[1].name: Invalid value: "Side"' },
    ]);
  });
});

describe('stepsOf', () => {
  it('reads paths as Kubernetes writes them', () => {
    expect(stepsOf('metadata.labels[a.b/c].x')).toEqual(['metadata', 'labels', 'a.b/c', 'x']);
  });
});
