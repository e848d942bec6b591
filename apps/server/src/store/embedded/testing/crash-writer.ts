/** A program of its own for the crash test: writes without end, and prints what was acknowledged. */
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { openEmbeddedStore } from '../embedded-store';

const [directory, round] = process.argv.slice(2);
const store = openEmbeddedStore(directory ?? '', pino({ level: 'silent' }));
const value = new Uint8Array(1500).fill(120);

async function writer(name: number): Promise<void> {
  for (let i = 0; ; i++) {
    // Creates, updates and deletes: a key lives for two writes.
    const key = `/crash/${round}/${name}/${Math.floor(i / 3)}`;
    const result = await store.write(i % 3 === 2 ? { op: 'delete', key } : { op: 'put', key, value });
    if (!result.ok) throw new Error(`the write of ${key} failed`);
    writeSync(1, `${result.revision} ${i % 3 === 2 ? 'delete' : 'put'} ${key}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, name) => writer(name)));
