import { ApiError } from '@wheelhouse/shared/errors';
import { isMap, isNode, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { inWords } from '../api/call-api';

/** One thing wrong with a text, at its place where that is known. */
export interface Problem {
  /** From 1. */
  readonly line: number | undefined;
  readonly text: string;
}

/**
 * A refusal as problems of the text that was sent: the API names fields (`spec.replicas`), people look at lines.
 * `document` is the position of the refused document in a text of several.
 */
export function problemsOf(error: unknown, text: string, document = 0): Problem[] {
  if (!(error instanceof ApiError)) {
    const at = /at line (\d+)/.exec(inWords(error));
    return [{ line: at ? Number(at[1]) : undefined, text: inWords(error).split('\n')[0] ?? '' }];
  }
  const causes = error.status.details?.causes ?? [];
  if (causes.length === 0) return [{ line: undefined, text: error.message }];
  return causes.map(({ field, message }) => ({
    line: field ? lineOf(text, field, document) : undefined,
    text: field ? `${field}: ${message ?? ''}` : (message ?? error.message),
  }));
}

/** The line where a field stands; for a field that is missing, the line of the nearest one around it. */
export function lineOf(text: string, field: string, document = 0): number | undefined {
  const counter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: counter });
  let node: unknown = Array.isArray(parsed) ? parsed[document]?.contents : undefined;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const step of stepsOf(field)) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === step);
      if (!pair) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
}

/** `spec.containers[0].image` → spec, containers, 0, image; `metadata.labels[a.b/c]` keeps its key whole. */
export function stepsOf(field: string): string[] {
  return Array.from(field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g), ([all, inner]) => inner ?? all);
}
