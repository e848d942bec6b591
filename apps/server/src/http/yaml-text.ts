import { Document, Scalar, visit } from 'yaml';

/**
 * A value as YAML in the manner of Kubernetes: keys in order, lists not indented, quotes only where they are needed,
 * double ones for what would be read as something else than text.
 */
export function yamlText(value: unknown): string {
  const document = new Document(JSON.parse(JSON.stringify(value)), { version: '1.1', sortMapEntries: byKey });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string') node.type = styleOf(node.value);
    },
  });
  return document.toString({ indentSeq: false, lineWidth: 80, singleQuote: true, minContentWidth: 0 });
}

function styleOf(text: string): Scalar.Type | undefined {
  if (/\n/.test(text.trim())) return Scalar.BLOCK_LITERAL;
  return readsAsOther(text) ? Scalar.QUOTE_DOUBLE : Scalar.PLAIN;
}

/** Numbers, truth values, times, and what merges or is nothing, in YAML 1.1. */
function readsAsOther(text: string): boolean {
  return (
    /^(?:~|null|Null|NULL|y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|<<|=|)$/.test(
      text,
    ) ||
    /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?$/.test(text) ||
    /^[-+]?0(?:x[\da-fA-F_]+|b[01_]+|o?[0-7_]+)$/.test(text) ||
    /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?$/.test(text) ||
    /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text) ||
    /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|\s+)\d\d?:\d\d:\d\d(?:\.\d*)?\s*(?:Z|[-+]\d\d?(?::?\d\d)?)?)?$/.test(text)
  );
}

interface Keyed {
  readonly key: unknown;
}

function byKey(a: Keyed, b: Keyed): number {
  const [one, other] = [textOf(a.key), textOf(b.key)];
  return one < other ? -1 : one > other ? 1 : 0;
}

const textOf = (key: unknown): string => String(key instanceof Scalar ? key.value : key);
