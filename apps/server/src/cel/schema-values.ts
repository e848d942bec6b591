import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { isObject } from '@wheelhouse/shared/meta/json';
import { type CelValue, fromJson, JsonMap, parseDuration, parseTimestamp } from './values';

const RESERVED =
  'true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while';

/** The name under which an expression finds a property: what is no identifier is written with words for its signs. */
export function escapeName(name: string): string {
  if (new RegExp(`^(?:${RESERVED})$`).test(name)) return `__${name}__`;
  return name
    .replace(/__/g, '__underscores__')
    .replace(/\./g, '__dot__')
    .replace(/-/g, '__dash__')
    .replace(/\//g, '__slash__');
}

const METADATA: JsonSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
};

/** What an expression sees of a resource's schema: its own fields are always there. */
export function withOwnFields(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: METADATA,
    },
  };
}

/** JSON with the types that its schema gives it. */
export function fromSchema(value: unknown, schema: JsonSchema | undefined): CelValue {
  if (!schema || value === null || value === undefined) return fromJson(value);
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return value.map((element) => fromSchema(element, items));
  }
  if (isObject(value)) return new TypedObject(value, schema);
  if (typeof value === 'number' && schema.type === 'number') return value;
  if (typeof value === 'string' && schema.type === 'string') {
    if (schema.format === 'date-time') return parseTimestamp(value);
    if (schema.format === 'date') return parseTimestamp(`${value}T00:00:00Z`);
    if (schema.format === 'duration') return parseDuration(value);
    if (schema.format === 'byte') return Buffer.from(value, 'base64');
  }
  return fromJson(value);
}

/** An object whose properties are found under their escaped names, or a map whose keys are what they are. */
class TypedObject extends JsonMap {
  readonly #schema: JsonSchema;
  readonly #values: JsonSchema | undefined;
  readonly #isMap: boolean;
  #names: Map<string, string> | undefined;

  constructor(json: Readonly<Record<string, unknown>>, schema: JsonSchema) {
    super(json);
    this.#schema = schema['x-kubernetes-embedded-resource'] ? withOwnFields(schema) : schema;
    this.#values = valuesOf(schema);
    this.#isMap = this.#values !== undefined || Object.keys(this.#schema.properties ?? {}).length === 0;
  }

  override get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || this.#isMap) return super.get(key);
    if (!this.#names) {
      this.#names = new Map(Object.keys(this.json).map((name) => [escapeName(name), name]));
    }
    const name = this.#names.get(key);
    return name === undefined ? undefined : super.get(name);
  }

  override keys(): CelValue[] {
    return this.#isMap ? super.keys() : Object.keys(this.json).map(escapeName);
  }

  protected override convert(key: string, value: unknown): CelValue {
    return fromSchema(value, this.#values ?? propertyOf(this.#schema, key));
  }
}
