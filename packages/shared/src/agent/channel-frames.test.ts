import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder, MAX_FRAME_PAYLOAD } from './channel-frames';

describe('channel frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    const frame = fc.record({
      channel: fc.integer({ min: 0, max: 255 }),
      payload: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fc.array(frame), fc.integer({ min: 1, max: 20 }), (frames, step) => {
        const bytes = frames.flatMap(({ channel, payload }) => [...encodeFrame(channel, payload)]);
        const decoder = new FrameDecoder();
        const decoded = [];
        for (let at = 0; at < bytes.length; at += step)
          for (const { channel, payload } of decoder.push(Uint8Array.from(bytes.slice(at, at + step))))
            decoded.push({ channel, payload: Uint8Array.from(payload) });
        expect(decoded).toEqual(
          frames.map(({ channel, payload }) => ({ channel, payload: Uint8Array.from(payload) })),
        );
      }),
    );
  });

  it('refuse lengths that no honest peer sends', () => {
    const header = new Uint8Array(5);
    new DataView(header.buffer).setUint32(1, MAX_FRAME_PAYLOAD + 1);
    expect(() => new FrameDecoder().push(header)).toThrow(/too long/);
  });
});
