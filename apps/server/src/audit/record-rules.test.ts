import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pending } from './migrate';
import { isRecorded } from './policy';
import { redact } from './redact';
import { toRow, withoutObjects } from './row';
import { record } from './testing/records';

describe('policy', () => {
  it('leaves out the pulse of the cluster, and nothing else', () => {
    expect(isRecorded(record())).toBe(true);
    expect(isRecorded(record({ group: 'coordination.k8s.io', resource: 'leases' }))).toBe(false);
    expect(isRecorded(record({ group: '', resource: 'events' }))).toBe(false);
    expect(isRecorded(record({ group: 'events.k8s.io', resource: 'events' }))).toBe(false);
    expect(isRecorded(record({ group: 'example.com', resource: 'leases' }))).toBe(true);
    expect(isRecorded(record({ responseCode: 403 }))).toBe(true);
  });

  it('tells a heartbeat of a node from news about it', () => {
    const node = (status: string, beat: string) => ({
      kind: 'Node',
      metadata: { name: 'n', resourceVersion: beat, managedFields: [{ time: beat }] },
      status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime: beat }] },
    });
    const base = record({ group: '', resource: 'nodes', subresource: 'status', before: node('True', '1') });
    expect(isRecorded({ ...base, after: node('True', '2') })).toBe(false);
    expect(isRecorded({ ...base, after: node('False', '2') })).toBe(true);
    expect(isRecorded(record({ group: '', resource: 'nodes' }))).toBe(true);
  });
});

describe('redact', () => {
  it('does not change the record, which others share', () => {
    const secret = Object.freeze({ kind: 'Secret', data: Object.freeze({ a: 'geheim' }) });
    const result = redact(record({ group: '', resource: 'secrets', before: secret, after: secret }));
    expect(secret.data.a).toBe('geheim');
    expect(JSON.stringify(result)).not.toContain('geheim');
  });

  it('never lets a value of a secret through, whatever it looks like', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.uuid()), (data) => {
        const text = toRow(
          record({
            group: '',
            resource: 'secrets',
            after: { kind: 'Secret', data, stringData: data } as never,
          }),
        );
        for (const value of Object.values(data)) expect(text).not.toContain(value);
      }),
      { numRuns: 50 },
    );
  });

  it('hides values that a refusal repeats', () => {
    const { responseStatus } = redact(
      record({
        group: '',
        resource: 'secrets',
        responseCode: 422,
        responseStatus: {
          message: 'data[x]: Invalid value: "geheim"',
          reason: 'Invalid',
          code: 422,
          details: {
            name: 's',
            causes: [{ reason: 'FieldValueInvalid', field: 'data[x]', message: '"geheim"' }],
          },
        },
      }),
    );
    expect(JSON.stringify(responseStatus)).not.toContain('geheim');
    expect(responseStatus).toMatchObject({ code: 422, details: { causes: [{ field: 'data[x]' }] } });
  });
});

describe('toRow', () => {
  it('writes JSON that PostgreSQL can store, whatever the strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, key) => {
        const lone = `${value}\ud800${key}\u0000\\u0000`;
        const row = toRow(record({ after: { kind: 'X', metadata: { annotations: { [key]: lone } } } }));
        expect(row).not.toMatch(/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/);
        expect(row).not.toContain('\n');
        const { after } = JSON.parse(row);
        expect(after.metadata.annotations[key]).toBe(
          lone
            .toString()
            .replaceAll('\u0000', '\ufffd')
            .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd'),
        );
      }),
    );
  });

  it('can do without the objects', () => {
    const row = JSON.parse(withoutObjects(toRow(record({ name: 'x' }))));
    expect(row).toMatchObject({ name: 'x', verb: 'update' });
    expect(row).not.toHaveProperty('before');
    expect(row).not.toHaveProperty('after');
  });
});

describe('pending migrations', () => {
  const one = { name: '1_init', sql: 'SELECT 1' };
  const two = { name: '2_more', sql: 'SELECT 2' };
  // sha256 of "SELECT 1"
  const checksum = 'e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5';

  it('are those that were not applied, in order', () => {
    expect(pending([one, two], new Map())).toEqual([one, two]);
    expect(pending([one, two], new Map([['1_init', checksum]]))).toEqual([two]);
  });

  it('are refused where someone else has been at work', () => {
    expect(() => pending([one], new Map([['3_future', 'x']]))).toThrow('newer version');
    expect(() => pending([one], new Map([['1_init', 'other']]))).toThrow('another edition');
  });
});
