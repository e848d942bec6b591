import { describe, expect, it } from 'vitest';
import { Budget, BudgetExceeded } from './budget';
import { CelCompileError, compile } from './compile';
import { fromSchema } from './schema-values';
import { typeOfSchema } from './types';
import { CelError, equals, fromJson } from './values';

const SELF = {
  replicas: 3,
  name: 'web-1',
  ratio: 0.5,
  tags: ['a', 'b', 'c'],
  labels: { app: 'x', 'k8s.io/role': 'db' },
  parts: [
    { id: 'one', qty: 2 },
    { id: 'two', qty: 5 },
  ],
  none: null,
};

const run = (source: string) => compile(source, { self: { kind: 'dyn' } }).evaluate({ self: fromJson(SELF) });

describe('expressions', () => {
  it.each([
    'self.replicas <= 5 && self.name.startsWith("web")',
    'self.replicas + 1 == 4 && -self.replicas == -3',
    '7 / 2 == 3 && 7 % 2 == 1 && 7.0 / 2.0 == 3.5',
    'self.parts.all(p, p.qty > 1) && self.parts.exists(p, p.id == "two")',
    'self.parts.exists_one(p, p.qty == 5)',
    'self.parts.map(p, p.qty).sum() == 7',
    'self.parts.filter(p, p.qty > 3).size() == 1',
    'self.parts.map(p, p.qty > 3, p.id) == ["two"]',
    'self.tags.isSorted() && self.tags.max() == "c" && self.tags.indexOf("b") == 1',
    '"k8s.io/role" in self.labels && self.labels["k8s.io/role"] == "db"',
    'self.labels.all(k, self.labels[k].size() > 0)',
    'has(self.name) && !has(self.missing)',
    'self.?missing.orValue("x") == "x" && self.?name.orValue("x") == "web-1"',
    'self.tags[?7].hasValue() == false && self.tags[?0].value() == "a"',
    'optional.of(1).optMap(v, v + 1).value() == 2',
    'cel.bind(n, self.replicas * 2, n == 6)',
    'self.none == null',
    'type(self.replicas) == int && type(self.ratio) == double',
    '"abc".matches("^[a-c]+$") && !"abc".matches("^b")',
    '"a,b,c".split(",").join("-") == "a-b-c" && "Abc".lowerAscii() == "abc"',
    '"hello".substring(1, 3) == "el" && "hello".indexOf("l") == 2 && "x".replace("x", "yy") == "yy"',
    '"%s has %d of %.2f".format(["a", 2, 1.5]) == "a has 2 of 1.50"',
    'quantity("1Gi").isGreaterThan(quantity("500Mi")) && isQuantity("2") && !isQuantity("two")',
    'quantity("1").add(quantity("500m")).compareTo(quantity("1500m")) == 0',
    'isIP("10.0.0.1") && ip("10.0.0.1").family() == 4 && cidr("10.0.0.0/8").containsIP("10.2.3.4")',
    'cidr("2001:db8::/32").containsCIDR("2001:db8:1::/48") && ip("::1").isLoopback()',
    'isURL("https://a.b:80/c?d=e") && url("https://a.b:80/c?d=e").getHostname() == "a.b"',
    'duration("1h30m") > duration("80m") && duration("90s").getMinutes() == 1',
    'timestamp("2024-02-29T12:00:00Z").getMonth() == 1 && timestamp("2024-02-29T12:00:00Z").getDayOfYear() == 59',
    'sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 1, 2], [2, 1])',
    'dyn(1) == 1.0 && [1, 2] == [1, 2] && {"a": 1} == {"a": 1}',
    'true || self.missing && (false || true)',
    'self.tags.existsOne(i, t, i == 1 && t == "b")',
    'math.greatest(1, 5, 3) == 5 && math.least([4, 2]) == 2',
    'self.parts.sortBy(p, -p.qty)[0].id == "two"',
    '!format.dns1123Label().validate("No") && format.dns1123Label().validate("yes")',
    'string(1) + string(true) == "1true" && int("7") == 7 && double("1.5") == 1.5',
    '"in a text: a.?b [?c]".contains(".?")',
  ])('%s', (source) => {
    expect(run(source)).toBe(true);
  });

  it.each([
    ['self.missing == 1', 'no such key: missing'],
    ['self.tags[9] == "a"', 'index out of bounds: 9'],
    ['1 / 0 == 1', 'division by zero'],
    ['9223372036854775807 + 1 > 0', 'integer overflow'],
    ['self.name < 3', 'no such overload'],
  ])('%s fails', (source, text) => {
    expect(() => run(source)).toThrow(CelError);
    expect(() => run(source)).toThrow(text);
  });

  it.each(['self.', '1 +', 'other == 1', 'self.nope()', 'nope(1)', '1 + "a" == 2', '!5'])(
    '%s does not compile',
    (source) => {
      expect(() => compile(source, { self: { kind: 'dyn' } })).toThrow(CelCompileError);
    },
  );

  it('stops an expression that would take too long', () => {
    const program = compile('self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))', {
      self: { kind: 'dyn' },
    });
    const self = Array.from({ length: 200 }, (_value, i) => BigInt(i));
    const start = performance.now();
    expect(() => program.evaluate({ self })).toThrow(BudgetExceeded);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(() => program.evaluate({ self: [1n] }, new Budget(3))).toThrow(BudgetExceeded);
  });
});

describe('values with a schema', () => {
  const schema = {
    type: 'object',
    properties: {
      count: { type: 'integer' },
      ratio: { type: 'number' },
      when: { type: 'string', format: 'date-time' },
      'a.b': { type: 'string' },
      namespace: { type: 'string' },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      names: { type: 'object', additionalProperties: { type: 'integer' } },
    },
  };
  const self = fromSchema(
    { count: 1, ratio: 2, when: '2024-01-01T00:00:00Z', 'a.b': 'x', namespace: 'n', names: { 'k-1': 3 } },
    schema,
  );
  const check = (source: string) => compile(source, { self: typeOfSchema(schema) }).evaluate({ self });

  it('takes the types that the schema says, and escaped names', () => {
    expect(check('type(self.count) == int && type(self.ratio) == double')).toBe(true);
    expect(check('self.when < timestamp("2025-01-01T00:00:00Z")')).toBe(true);
    expect(check('self.a__dot__b == "x" && self.__namespace__ == "n"')).toBe(true);
    expect(check('self.names["k-1"] == 3')).toBe(true);
  });

  it('refuses what the schema does not have', () => {
    expect(() => check('self.other == 1')).toThrow("undefined field 'other'");
    expect(() => check('self.count == "one"')).toThrow('no matching overload');
    expect(check('!has(self.free) || self.free.anything == 1')).toBe(true);
  });

  it('compares by value', () => {
    expect(equals(fromJson({ a: [1, 'x'] }), fromJson({ a: [1, 'x'] }))).toBe(true);
    expect(equals(fromJson({ a: 1 }), fromJson({ a: 2 }))).toBe(false);
  });
});
