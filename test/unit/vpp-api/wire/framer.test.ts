import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Framer } from '../../../../src/vpp-api/wire/framer.js';
import { writeHeader } from '../../../../src/vpp-api/wire/framer.js';
import { runs } from '../../../support/runs.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Three frames as a VPP sends them: the first 8 bytes and the last 4 are anything. */
const STREAM = hex(`
  00007f12deadbeef 0000000e 00000000  0271 00000001 00000000 ffff1234
  ffffffffffffffff 00000002 65f01234  0010
  0000000000000000 00000005 00000000  0102030405
`);
const MESSAGES = ['02710000000100000000ffff1234', '0010', '0102030405'];

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

describe('framer', () => {
  it('finds the messages of a stream that comes at once', () => {
    assert.deepEqual(cut(STREAM, []), MESSAGES);
  });

  it('finds them when the stream is cut at any offset', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      assert.deepEqual(cut(STREAM, [at]), MESSAGES, `cut at ${at}`);
    }
  });

  it('finds them when the stream is cut at any two offsets, and byte by byte', () => {
    for (let first = 0; first <= STREAM.length; first++) {
      for (let second = 0; second <= STREAM.length - first; second++) {
        assert.deepEqual(cut(STREAM, [first, second]), MESSAGES, `cut at ${first} and ${second}`);
      }
    }
    assert.deepEqual(cut(STREAM, Array<number>(STREAM.length).fill(1)), MESSAGES);
  });

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

  it('says whether it stands between two frames', () => {
    const framer = new Framer(64, () => undefined);
    for (let i = 0; i < STREAM.length; i++) {
      assert.equal(framer.atBoundary, [0, 30, 48].includes(i), `after ${i} bytes`);
      framer.push(STREAM.subarray(i, i + 1));
    }
    assert.equal(framer.atBoundary, true);
  });

  const bad: readonly (readonly [string, number])[] = [
    ['an empty message', 0],
    ['a message with half an id', 1],
    ['one byte too many', 65],
    ['4 GiB', 0xffffffff],
  ];
  for (const [name, length] of bad) {
    it(`refuses ${name}, wherever the header is cut, after what came before`, () => {
      const header = Buffer.alloc(16);
      header.writeUInt32BE(length, 8);
      const stream = Buffer.concat([STREAM, header]);
      for (let at = 0; at <= stream.length; at++) {
        const found: string[] = [];
        const framer = new Framer(64, (message) => found.push(message.toString('hex')));
        assert.throws(
          () => {
            framer.push(stream.subarray(0, at));
            framer.push(stream.subarray(at));
          },
          { code: 'VPP_PROTOCOL', message: new RegExp(`of ${length} bytes; it must be 2 to 64`) },
        );
        assert.deepEqual(found, MESSAGES);
      }
    });
  }

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

  it('a length that is not kept costs no memory', () => {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(1024 * 1024 * 1024, 8);
    const before = process.memoryUsage.rss();
    const framer = new Framer(0xffffffff, () => undefined);
    framer.push(header);
    framer.push(Buffer.alloc(100));
    assert.ok(process.memoryUsage.rss() - before < 64 * 1024 * 1024);
  });

  it('writes a header over whatever was there', () => {
    const target = Buffer.alloc(20, 0xff);
    writeHeader(target, 2, 0x01020304);
    assert.equal(target.toString('hex'), 'ffff0000000000000000010203040000' + '0000ffff');
  });
});
