import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Spool } from './spool';

describe('spool', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wheelhouse-spool-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const drain = async (spool: Spool) => {
    const rows: string[] = [];
    for (let next = await spool.next(); next; next = await spool.next()) {
      rows.push(...next.rows);
      next.done();
    }
    return rows;
  };

  it('gives back what was put in, in order, and leaves nothing behind', async () => {
    const spool = new Spool(directory);
    expect(spool.empty).toBe(true);
    await spool.append(['1', '2']);
    await spool.append(['3']);
    expect(spool.empty).toBe(false);
    const first = readdirSync(directory)[0] ?? '';
    expect(statSync(join(directory, first)).mode & 0o077).toBe(0);
    expect(await drain(spool)).toEqual(['1', '2', '3']);
    expect(spool.empty).toBe(true);
    expect(spool.bytes).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
    await spool.append(['4']);
    expect(await drain(spool)).toEqual(['4']);
  });

  it('repeats what was not done, and keeps what is appended meanwhile', async () => {
    const spool = new Spool(directory);
    await spool.append(['1']);
    expect((await spool.next())?.rows).toEqual(['1']);
    await spool.append(['2']);
    const next = await spool.next();
    expect(next?.rows).toEqual(['1', '2']);
    next?.done();
    expect(spool.empty).toBe(true);
  });

  it('reads rows longer than a piece, and many of them', async () => {
    const spool = new Spool(directory);
    const long = `"${'x'.repeat(3_000_000)}"`;
    const rows = Array.from({ length: 12 }, (_, i) => (i % 3 ? String(i) : `${long}${i}`));
    for (const row of rows) await spool.append([row]);
    expect(readdirSync(directory).length).toBe(1);
    expect(await drain(spool)).toEqual(rows);
    const many = Array.from({ length: 8 }, (_, i) => `${long}${i}`);
    for (const row of many) await spool.append([row]);
    expect(readdirSync(directory).length).toBe(2);
    expect(await drain(spool)).toEqual(many);
  });

  it('survives a crash in the middle of a line', async () => {
    const crashed = new Spool(directory);
    await crashed.append(['1', '2']);
    appendFileSync(join(directory, readdirSync(directory)[0] ?? ''), '{"cut":');
    const spool = new Spool(directory);
    await spool.append(['3']);
    const first = await spool.next();
    expect(first).toMatchObject({ rows: ['1', '2'], own: false });
    first?.done();
    expect(await spool.next()).toMatchObject({ rows: ['3'], own: true });
  });
});
