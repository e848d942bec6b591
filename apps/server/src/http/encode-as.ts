import type { Encoding } from './negotiation';
import { PROTOBUF_TYPE } from './protobuf/decode';
import { encodeProtobuf } from './protobuf/encode';
import { yamlText } from './yaml-text';

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
/** JSON answers end a line, as those of Kubernetes do: some clients read lines. */
export const LINE_END = Buffer.from('\n');

/** What says of itself which kind it is. */
export interface Named {
  readonly kind?: string;
  readonly apiVersion?: string;
}

/**
 * A value that is no stored object (a Status, a Scale, metadata alone) in the encoding that was asked for; as JSON
 * where it has no protobuf form.
 */
export function encodeAs(encoding: Encoding, value: Named): { type: string; body: Buffer } {
  if (encoding === 'yaml') return { type: YAML_TYPE, body: Buffer.from(yamlText(value)) };
  const bytes = encoding === 'protobuf' ? encodeProtobuf(value) : undefined;
  return bytes
    ? { type: PROTOBUF_TYPE, body: bytes }
    : { type: JSON_TYPE, body: Buffer.from(JSON.stringify(value)) };
}
