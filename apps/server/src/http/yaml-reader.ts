import type * as Yaml from 'yaml';

/** What a text of YAML says, as JSON, or what is wrong with it. */
export type YamlReading =
  | { readonly json: string; readonly duplicates: readonly string[] }
  | { readonly problem: string };

export interface YamlLimits {
  /** Characters of JSON that a text may become; aliases can make it much longer than it is. */
  readonly longest: number;
  readonly deepest: number;
}

/**
 * YAML as Kubernetes reads it: version 1.1 (`0644` is octal, `yes` is true), but without dates and sexagesimal
 * numbers, which JSON cannot say, and with few aliases, so that a small text cannot become a huge value.
 *
 * It refers to nothing but its arguments and what every JavaScript has, since it also runs, as its source text, in a
 * thread of its own (yaml-body.ts).
 */
export function readYaml(yaml: typeof Yaml, text: string, limits: YamlLimits): YamlReading {
  const lines = new yaml.LineCounter();
  /** How deep a text may turn out to be, told from its tokens: the parser proper recurses, and must not get far. */
  const depthOf = (source: string): number => {
    let flow = 0;
    let deepest = 0;
    let column = 0;
    // Where the blocks begin that are open, outermost first.
    const blocks: number[] = [];
    for (const lexeme of new yaml.Lexer().lex(source)) {
      switch (yaml.CST.tokenType(lexeme)) {
        case 'newline':
          column = 0;
          break;
        case 'flow-map-start':
        case 'flow-seq-start':
          flow++;
          break;
        case 'flow-map-end':
        case 'flow-seq-end':
          flow--;
          break;
        case 'space':
        case 'comment':
        case 'byte-order-mark':
        case 'scalar':
          break;
        default:
          if (flow > 0) break;
          while ((blocks.at(-1) ?? -1) >= column) blocks.pop();
          blocks.push(column);
      }
      const isLine = lexeme.endsWith('\n');
      column = isLine ? 0 : column + lexeme.length;
      deepest = Math.max(deepest, flow + blocks.length);
      if (deepest > limits.deepest) return deepest;
    }
    return deepest;
  };
  try {
    if (depthOf(text) > limits.deepest) return { problem: 'nested too deeply' };
    const document = yaml.parseDocument(text, {
      version: '1.1',
      uniqueKeys: false,
      lineCounter: lines,
      customTags: (tags) =>
        tags.filter(
          (tag) =>
            typeof tag === 'string' ||
            !(tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME')),
        ),
    });
    const [error] = document.errors;
    if (error) return { problem: `not valid YAML: line ${error.linePos?.[0].line ?? '?'}: ${error.code}` };
    const duplicates: string[] = [];
    yaml.visit(document, {
      Map(_key, map) {
        const seen = new Set<unknown>();
        for (const { key } of map.items) {
          if (!yaml.isScalar(key) || key.value === '<<') continue;
          if (seen.has(key.value) && duplicates.length < 100) {
            const { line } = lines.linePos(key.range?.[0] ?? 0);
            duplicates.push(`line ${line}: key ${JSON.stringify(key.value)} already set in map`);
          }
          seen.add(key.value);
        }
      },
    });
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const json = JSON.stringify(value === undefined ? null : value);
    if (json.length > limits.longest) return { problem: 'too large once its aliases are put in' };
    return { json, duplicates };
  } catch (error) {
    return { problem: `not acceptable YAML: ${error instanceof Error ? error.message : 'unknown'}` };
  }
}
