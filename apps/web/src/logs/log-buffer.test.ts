import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogBuffer } from './log-buffer';

const texts = (buffer: LogBuffer) => buffer.chunks.flatMap(({ lines }) => lines.map(({ text }) => text));

describe('LogBuffer', () => {
  it('makes the same lines however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,12}$/)), fc.array(fc.nat(9)), (lines, cuts) => {
        const whole = lines.map((line) => `${line}\n`).join('');
        const buffer = new LogBuffer();
        let at = 0;
        for (const cut of cuts) {
          buffer.append(whole.slice(at, at + cut));
          at += cut;
        }
        buffer.append(whole.slice(at));
        expect(texts(buffer)).toEqual(lines);
      }),
    );
  });

  it('keeps times apart, and takes colours out', () => {
    const buffer = new LogBuffer();
    buffer.append('2026-01-01T00:00:00.123456789Z \u001b[32mready\u001b[0m\r\nno time');
    buffer.finish();
    expect(buffer.chunks[0]?.lines).toEqual([
      { id: 0, time: '2026-01-01T00:00:00.123456789Z', text: 'ready' },
      { id: 1, time: undefined, text: 'no time' },
    ]);
  });

  it('forgets the oldest, says how many, and leaves full chunks alone', () => {
    const buffer = new LogBuffer(2);
    buffer.append('a\n'.repeat(200));
    const full = buffer.chunks[0];
    buffer.append('b\n'.repeat(100));
    expect(buffer.chunks[0]).toBe(full);
    buffer.append('c\n'.repeat(200));
    expect(buffer.dropped).toBe(200);
    expect(texts(buffer)).toHaveLength(300);
  });

  it('cuts a line that never ends', () => {
    const buffer = new LogBuffer();
    for (let at = 0; at < 50; at += 1) buffer.append('x'.repeat(1_000));
    buffer.finish();
    expect(texts(buffer)[0]?.length).toBe(16_384);
  });
});
