import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Framer } from '../../../../src/vpp-api/wire/framer.js';
import { runs } from '../../../support/runs.js';

function cut(stream: Buffer, chunks: readonly number[], max = 64): string[] {
  const found: string[] = [];
  const framer = new Framer(max, (message) => found.push(message.toString('hex')));
  let offset = 0;
  for (const size of [...chunks, stream.length]) {
    // A copy, overwritten afterwards as a transport's buffer is.
    const chunk = Buffer.from(stream.subarray(offset, offset + size));
    framer.push(chunk);
    chunk.fill(0xee);
    offset += size;
  }
  return found;
}

/** An independent framing of the messages. */
function frame(...messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const header = new DataView(new ArrayBuffer(16));
      header.setUint32(8, message.length);
      return [Buffer.from(header.buffer), message];
    }),
  );
}

describe('framer, fuzzed', () => {
  it('finds any messages in any chunks', () => {
    const message = fc.uint8Array({ minLength: 2, maxLength: 40 });
    const chunk = fc.integer({ min: 0, max: 70 });
    fc.assert(
      fc.property(fc.array(message), fc.array(chunk, { maxLength: 100 }), (messages, chunks) => {
        assert.deepEqual(
          cut(frame(...messages), chunks),
          messages.map((bytes) => Buffer.from(bytes).toString('hex')),
        );
      }),
      { numRuns: runs(300) },
    );
  });

  it('never does anything but give messages or refuse, whatever comes', () => {
    const anything = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 50 }),
        fc.uint8Array({ minLength: 2, maxLength: 50 }).map((bytes) => frame(bytes)),
      ),
    );
    fc.assert(
      fc.property(anything, fc.array(fc.nat(40), { maxLength: 50 }), (parts, chunks) => {
        let given = 0;
        const framer = new Framer(64, (message) => {
          assert.ok(message.length >= 2 && message.length <= 64);
          given += message.length + 16;
        });
        const stream = Buffer.concat(parts);
        let offset = 0;
        try {
          for (const size of [...chunks, stream.length]) {
            framer.push(stream.subarray(offset, offset + size));
            offset = Math.min(stream.length, offset + size);
            // What is kept is less than one frame of the longest message.
            assert.ok(offset - given < 64 + 16);
          }
        } catch (error) {
          assert.ok(error instanceof Error && 'code' in error, String(error));
          assert.equal(error.code, 'VPP_PROTOCOL');
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});
