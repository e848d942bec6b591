import { expect, it } from 'vitest';
import { writeOptionsOf } from './write-options';

const query = (text: string) => new URLSearchParams(text);

it('are read', () => {
  expect(writeOptionsOf(query('dryRun=All&dryRun=All&fieldManager=a%20b'), 'CreateOptions')).toEqual({
    dryRun: true,
    fieldValidation: 'Warn',
    fieldManager: 'a b',
    force: false,
  });
  expect(writeOptionsOf(query('fieldManager=m&force=true'), 'PatchOptions', { apply: true }).force).toBe(
    true,
  );
  expect(writeOptionsOf(query('fieldManager=m&force=false'), 'PatchOptions', { apply: true }).force).toBe(
    false,
  );
});

it.each([
  ['dryRun=', 'CreateOptions', false, ['dryRun FieldValueNotSupported']],
  ['dryRun=All&dryRun=x', 'UpdateOptions', false, ['dryRun FieldValueNotSupported']],
  ['fieldValidation=strict', 'CreateOptions', false, ['fieldValidation FieldValueNotSupported']],
  [`fieldManager=${'x'.repeat(129)}`, 'CreateOptions', false, ['fieldManager FieldValueTooLong']],
  ['fieldManager=a%0Ab', 'CreateOptions', false, ['fieldManager FieldValueInvalid']],
  ['force=true', 'PatchOptions', false, ['force FieldValueForbidden']],
  [
    'dryRun=x&fieldValidation=y',
    'PatchOptions',
    true,
    [
      'fieldManager FieldValueRequired',
      'dryRun FieldValueNotSupported',
      'fieldValidation FieldValueNotSupported',
    ],
  ],
] as const)('%s of %s (apply: %s) is refused, all at once', (text, form, apply, expected) => {
  const causes = expected.map((cause) => {
    const [field, reason] = cause.split(' ');
    return { field, reason };
  });
  expect(() => writeOptionsOf(query(text), form, { apply })).toThrow(
    expect.objectContaining({
      status: expect.objectContaining({
        details: expect.objectContaining({ causes: causes.map((cause) => expect.objectContaining(cause)) }),
      }),
    }),
  );
});
