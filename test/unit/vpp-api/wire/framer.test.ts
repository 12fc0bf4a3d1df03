import assert from 'node:assert/strict';
import { Framer, writeHeader } from '../../../../src/vpp-api/wire/framer.js';

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
