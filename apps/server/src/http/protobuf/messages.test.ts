import { UNSET_WHEN_ZERO } from '@wheelhouse/shared/kinds/zero-values';
import { shortTypeName, typeNames, typeSchema } from '@wheelhouse/shared/meta/schema';
import { describe, expect, it } from 'vitest';
import { findMessage } from './messages';

/** In JSON these are written with their zero; options come as parameters of a URL. */
const WRITTEN =
  /^core\/v1\.Pod\w+Options |^core\/v1\.LinuxContainerUser |StatefulSetOrdinals start|StatefulSetStatus availableReplicas/;
const SWITCHES_AND_NUMBERS = new Set(['bool', 'int32', 'int64']);

describe('the messages', () => {
  it('agree with the JSON decoder about which zeros mean "not set"', () => {
    const said: string[] = [];
    const meant: string[] = [];
    for (const name of typeNames()) {
      const short = shortTypeName(name);
      const [packageName = '', type = ''] = short
        .replace('/', '.')
        .replace(/\.(?=[^.]*$)/, '/')
        .split('/');
      const fields = new Map(
        [...(findMessage(packageName, type)?.fields.values() ?? [])].map((f) => [f.name, f]),
      );
      for (const [field, schema] of typeSchema(name).fields) {
        if (schema.required || schema.type.form !== 'scalar') continue;
        if (!SWITCHES_AND_NUMBERS.has(schema.type.scalar)) continue;
        const message = fields.get(field);
        if (!message) continue;
        if (!message.optional && !WRITTEN.test(`${short} ${field}`)) meant.push(`${short} ${field}`);
        if (UNSET_WHEN_ZERO[short]?.includes(field)) said.push(`${short} ${field}`);
      }
    }
    expect(said).toEqual(meant);
  });
});
