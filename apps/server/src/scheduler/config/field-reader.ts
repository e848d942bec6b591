/** A fault in a configuration, with the field that it is in. */
export class ConfigError extends Error {}

/**
 * Reads a value of unknown shape, as it comes out of a configuration file. Every method throws a {@link ConfigError}
 * that names the field when the value is not what is asked for.
 */
export class FieldReader {
  constructor(
    private readonly value: unknown,
    readonly path: string,
  ) {}

  get isSet(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A member of an object. */
  field(name: string): FieldReader {
    const path = this.path ? `${this.path}.${name}` : name;
    return new FieldReader(this.isSet ? this.#object()[name] : undefined, path);
  }

  /** Refuses members that nobody reads: usually a slip of the pen. */
  only(...names: readonly string[]): this {
    if (!this.isSet) return this;
    for (const name of Object.keys(this.#object())) {
      if (!names.includes(name)) throw new ConfigError(`${this.path || 'the file'}: unknown field ${name}`);
    }
    return this;
  }

  list(): FieldReader[] {
    if (!this.isSet) return [];
    if (!Array.isArray(this.value)) return this.fail('must be a list');
    return this.value.map((one, index) => new FieldReader(one, `${this.path}[${index}]`));
  }

  text(): string {
    return typeof this.value === 'string' && this.value !== '' ? this.value : this.fail('must be a text');
  }

  textOr<T>(other: T): string | T {
    return this.isSet ? this.text() : other;
  }

  oneOf<T extends string>(...allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.value);
    return found ?? this.fail(`must be one of ${allowed.join(', ')}`);
  }

  number({ min, max }: { readonly min: number; readonly max: number }): number {
    const { value } = this;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      return this.fail(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  }

  numberOr(other: number, range: { readonly min: number; readonly max: number }): number {
    return this.isSet ? this.number(range) : other;
  }

  booleanOr(other: boolean): boolean {
    if (!this.isSet) return other;
    return typeof this.value === 'boolean' ? this.value : this.fail('must be true or false');
  }

  /** As it is, for values that someone else checks. */
  raw(): unknown {
    return this.value;
  }

  fail(what: string): never {
    throw new ConfigError(`${this.path || 'the file'}: ${what}`);
  }

  #object(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.fail('must be an object');
    // An object, as just seen; its members are read one by one.
    return value as Readonly<Record<string, unknown>>;
  }
}
