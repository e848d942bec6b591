import type { MergeFacts } from '../../kinds/list-keys';
import { isObject } from '../../meta/json';
import {
  type FieldType,
  hasTypeSchema,
  isDefinedType,
  type ScalarType,
  type TypeSchema,
  typeSchema,
} from '../../meta/schema';
import { isHeldByValue } from './value-structs';

/** How a value is divided: into named fields, keyed elements, elements of a set, or not at all. */
export type Shape = 'struct' | 'map' | 'keyed' | 'set' | 'atomic' | 'scalar';

/**
 * One place of a type as server-side apply sees it: structs and maps are made of fields, keyed lists and sets of
 * elements; atomic ones, and scalars, are one thing each. Compiled once a type.
 */
export interface Node {
  readonly shape: Shape;
  readonly form: FieldType['form'] | 'unknown';
  readonly scalar: ScalarType | undefined;
  /** Written even when unset, so that it is there as soon as its parent is. */
  readonly always: boolean;
  /** Each field is owned beside what is in it, as each element is of lists. */
  readonly ownsFields: boolean;
  /** Its fields may be written as null when they are unset. */
  readonly writesNulls: boolean;
  /** Of a keyed list, sorted. */
  readonly keys: readonly string[];
  /** The node of a field or of a map's value; undefined for a field that the type does not have. */
  field(name: string): Node | undefined;
  /** Whether a field is owned beside what is in it: all of them, or one that the type does not name. */
  ownsField(name: string): boolean;
  /** The node of a list's elements. */
  element(): Node;
}

const roots = new WeakMap<TypeSchema, Node>();

/** The node of a whole object, by the name of its type in the schema. A type without a schema is what its values are. */
export function rootNode(schema: string): Node {
  if (!hasTypeSchema(schema)) return UNKNOWN;
  const type = typeSchema(schema);
  let node = roots.get(type);
  if (!node) {
    node = new TypeNode({ form: 'object', type: schema }, {}, true);
    roots.set(type, node);
  }
  return node;
}

class TypeNode implements Node {
  readonly shape: Shape;
  readonly ownsFields: boolean;
  readonly writesNulls: boolean;
  readonly keys: readonly string[];
  readonly #fields = new Map<string, Node>();
  #element: Node | undefined;

  constructor(
    private readonly type: FieldType,
    merge: MergeFacts,
    readonly always: boolean,
  ) {
    this.shape = shapeOf(type, merge);
    const isCustom = type.form === 'object' && isDefinedType(type.type);
    this.ownsFields = this.shape === 'map' || (isCustom && typeSchema(type.type).ownsFields === true);
    this.writesNulls = type.form === 'object' && !isCustom;
    this.keys = [...(merge.listMapKeys ?? [])].sort();
  }

  get form(): FieldType['form'] {
    return this.type.form;
  }

  get scalar(): ScalarType | undefined {
    return this.type.form === 'scalar' ? this.type.scalar : undefined;
  }

  field(name: string): Node | undefined {
    const { type } = this;
    if (type.form === 'map') return this.element();
    if (type.form !== 'object') return UNKNOWN;
    let node = this.#fields.get(name);
    if (!node) {
      const field = typeSchema(type.type).fields.get(name);
      if (!field) return undefined;
      const always = field.type.form === 'object' ? isHeldByValue(type.type, name) : field.required;
      // Of what users define nothing is there that nobody has written.
      node = nodeOf(field.type, field.merge, always && this.writesNulls);
      this.#fields.set(name, node);
    }
    return node;
  }

  ownsField(name: string): boolean {
    const { type } = this;
    return this.ownsFields || type.form !== 'object' || !typeSchema(type.type).fields.has(name);
  }

  element(): Node {
    const { type } = this;
    if (!this.#element) {
      this.#element = type.form === 'list' || type.form === 'map' ? nodeOf(type.of, {}, false) : UNKNOWN;
    }
    return this.#element;
  }
}

function nodeOf(type: FieldType, merge: MergeFacts, always: boolean): Node {
  // A map of itself is how types say that anything may stand there.
  if (type.form === 'map' && type.of === type) return UNKNOWN;
  return new TypeNode(type, merge, always);
}

function shapeOf(type: FieldType, merge: MergeFacts): Shape {
  switch (type.form) {
    case 'scalar':
      return 'scalar';
    case 'list':
      if (merge.listType === 'map' && merge.listMapKeys?.length) return 'keyed';
      return merge.listType === 'set' ? 'set' : 'atomic';
    case 'map':
      return merge.mapType === 'atomic' ? 'atomic' : 'map';
    case 'object': {
      if (merge.mapType === 'atomic' || !hasTypeSchema(type.type)) return 'atomic';
      return typeSchema(type.type).merge.mapType === 'atomic' ? 'atomic' : 'struct';
    }
  }
}

/** Of what no schema describes, objects are divided into their fields; lists and all others are one thing each. */
const UNKNOWN: Node = {
  shape: 'map',
  form: 'unknown',
  scalar: undefined,
  always: false,
  ownsFields: true,
  writesNulls: false,
  ownsField: () => true,
  keys: [],
  field: () => UNKNOWN,
  element: () => UNKNOWN,
};

/** The shape that a value has here: what does not fit the type is one thing. */
export function shapeOfValue(node: Node, value: unknown): Shape {
  switch (node.shape) {
    case 'struct':
    case 'map':
      return isObject(value) ? node.shape : 'atomic';
    case 'keyed':
    case 'set':
      return Array.isArray(value) ? node.shape : 'atomic';
    default:
      return node.shape;
  }
}
