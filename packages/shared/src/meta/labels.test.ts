import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors';
import {
  parseLabelSelector,
  selectorFromLabelSelector,
  selectorFromLabels,
  validateLabelSelector,
} from './labels';

const web = { app: 'web', tier: 'front', size: '3' };

describe('parseLabelSelector', () => {
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    [' app = web ', true],
    ['app!=web', false],
    ['none!=x', true],
    ['app in (db, web)', true],
    ['app notin (db)', true],
    ['app in ()', false],
    ['tier', true],
    ['!tier', false],
    ['!none', true],
    ['app=web,tier=front', true],
    ['app=web,tier=back', false],
    ['size>2', true],
    ['size<2', false],
    ['app>1', false],
    ['app=', false],
    ['constructor', false],
    ['in=x', false],
  ])('%j matches: %s', (text, matches) => {
    expect(parseLabelSelector(text).matches(web)).toBe(matches);
  });

  it.each([
    ['app in web', "unable to parse requirement: found 'web' expected: '('"],
    ['==x', "found '==', expected: !, identifier, or 'end of string'"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a>b', "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ])('refuses %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  it('says what can follow within a list', () => {
    expect(() => parseLabelSelector('a in (b')).toThrow("found '', expected: ',' or ')'");
    expect(() => parseLabelSelector('a in (b,')).toThrow("found '', expected: ',', ')' or identifier");
  });

  it('tells a set of one from an equation', () => {
    expect(parseLabelSelector('a=b,c!=d,e in (f),g notin (h)').toString()).toBe(
      'a=b,c!=d,e in (f),g notin (h)',
    );
    const expression = { key: 'z', operator: 'NotIn', values: ['q'] };
    const selector = { matchLabels: { a: 'b' }, matchExpressions: [expression] };
    expect(selectorFromLabelSelector(selector).toString()).toBe('a=b,z notin (q)');
  });

  it('names the key and the rule that it breaks', () => {
    expect(() => parseLabelSelector('a/b/c=x')).toThrow(/invalid label key "a\/b\/c": a qualified name must/);
    expect(() => parseLabelSelector('app=-x-')).toThrow(/invalid label value: "-x-": at key: "app"/);
    expect(() => parseLabelSelector('-=x')).toThrow(ApiError);
  });

  it('reads back what it writes', () => {
    const name = fc
      .stringMatching(/^[a-z][a-z0-9]{0,5}$/)
      .filter((text) => text !== 'in' && text !== 'notin');
    const term = fc.oneof(
      fc.tuple(name, name).map(([key, value]) => `${key}=${value}`),
      fc.tuple(name, name).map(([key, value]) => `${key}!=${value}`),
      fc
        .tuple(name, fc.array(name, { minLength: 1, maxLength: 3 }))
        .map(([key, values]) => `${key} in (${values})`),
      name,
      name.map((key) => `!${key}`),
    );
    fc.assert(
      fc.property(
        fc.array(term, { minLength: 1, maxLength: 4 }),
        fc.dictionary(name, name),
        (terms, labels) => {
          const selector = parseLabelSelector(terms.join(','));
          const again = parseLabelSelector(selector.toString());
          expect(again.toString()).toBe(selector.toString());
          expect(again.matches(labels)).toBe(selector.matches(labels));
        },
      ),
    );
  });

  it('never throws anything but an ApiError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!(), <>-in') }), (text) => {
        try {
          parseLabelSelector(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});

describe('selectors of objects', () => {
  it('an absent one matches nothing, an empty one everything', () => {
    expect(selectorFromLabelSelector(undefined).matches(web)).toBe(false);
    expect(selectorFromLabelSelector({}).matches(web)).toBe(true);
    expect(selectorFromLabels({ app: 'web' }).matches(undefined)).toBe(false);
  });

  it('validates operators, keys and values', () => {
    const errors = validateLabelSelector(
      {
        matchLabels: { 'a b': 'x' },
        matchExpressions: [
          { key: 'app', operator: 'In' },
          { key: 'app', operator: 'Exists', values: ['x'] },
          { key: 'app', operator: 'Nope' },
        ],
      },
      'spec.selector',
    );
    expect(errors.map(({ field, reason }) => `${field} ${reason}`)).toEqual([
      'spec.selector.matchLabels FieldValueInvalid',
      'spec.selector.matchExpressions[0].values FieldValueRequired',
      'spec.selector.matchExpressions[1].values FieldValueForbidden',
      'spec.selector.matchExpressions[2].operator FieldValueInvalid',
    ]);
  });
});
