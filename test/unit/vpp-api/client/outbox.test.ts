import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createCodec, type MessageCodec } from '../../../../src/vpp-api/codec/codec.js';
import { readCatalogue } from '../../../../src/vpp-api/schema/catalogue.js';
import { Outbox } from '../../../../src/vpp-api/client/outbox.js';

const CHUNK_BYTES = 64 * 1024;

/** A link that keeps batches as long as a test wants. */
class SlowLink {
  readonly clientIndex = 1;
  readonly sent: Buffer[] = [];
  readonly memory = new Set<ArrayBufferLike>();
  readonly #kept: { readonly batch: Buffer; readonly copy: Buffer; release: () => void }[] = [];

  send(batch: Buffer, release: () => void): void {
    const copy = Buffer.from(batch);
    this.sent.push(copy);
    this.memory.add(batch.buffer);
    this.#kept.push({ batch, copy, release });
  }

  get kept(): number {
    return this.#kept.length;
  }

  /** Passes on the n-th of those kept; it must not have changed meanwhile. */
  passOn(n: number): void {
    for (const { batch, copy, release } of this.#kept.splice(n, 1)) {
      assert.ok(batch.equals(copy));
      release();
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const cliCodec = (): MessageCodec =>
  createCodec(readCatalogue().schemaFor(new Map())).message('cli_inband');

describe('Outbox', () => {
  it('hands over what is added in one turn in one batch', async () => {
    const link = new SlowLink();
    const outbox = new Outbox(link);
    for (const text of ['one', 'two', 'three']) outbox.addFrame(Buffer.from(text));
    assert.equal(link.sent.length, 0);
    await turn();
    assert.deepEqual(link.sent.map(String), ['onetwothree']);
    outbox.addFrame(Buffer.from('four'));
    await turn();
    assert.deepEqual(link.sent.map(String), ['onetwothree', 'four']);
  });

  it('uses the same memory while the link keeps up', async () => {
    const link = new SlowLink();
    const outbox = new Outbox(link);
    for (let i = 0; i < 1_000; i++) {
      outbox.addFrame(Buffer.alloc(1_000, i));
      await turn();
      if (i % 2 === 1) while (link.kept > 0) link.passOn(0);
    }
    assert.equal(link.sent.length, 1_000);
    assert.ok(link.memory.size <= 2, `${link.memory.size} chunks`);
  });

  it('takes a frame that is longer than a chunk', async () => {
    const link = new SlowLink();
    const outbox = new Outbox(link);
    const long = Buffer.alloc(CHUNK_BYTES + 1, 7);
    outbox.addFrame(Buffer.from('before'));
    outbox.addFrame(long);
    outbox.addFrame(Buffer.from('behind'));
    await turn();
    assert.deepEqual(
      Buffer.concat(link.sent),
      Buffer.concat([Buffer.from('before'), long, Buffer.from('behind')]),
    );
  });

  it('takes messages of any length, whatever room the chunk has left', async () => {
    const codec = cliCodec();
    const lengths = [10, 700, CHUNK_BYTES - 900, 600, 2 * CHUNK_BYTES, 0, 40_000, 40_000, 25_000];
    const link = new SlowLink();
    const outbox = new Outbox(link);
    const expected = lengths.map((length, i) => {
      outbox.add({ id: 0x102, codec }, i, { cmd: 'x'.repeat(length) });
      const head = Buffer.alloc(16 + 2 + 4 + 4 + 4);
      head.writeUInt32BE(14 + length, 8);
      head.writeUInt16BE(0x102, 16);
      head.writeUInt32BE(link.clientIndex, 18);
      head.writeUInt32BE(i, 22);
      head.writeUInt32BE(length, 26);
      return Buffer.concat([head, Buffer.alloc(length, 'x')]);
    });
    await turn();
    assert.ok(Buffer.concat(link.sent).equals(Buffer.concat(expected)));
  });

  it('adds nothing of a message with a field that is not right', async () => {
    const codec = cliCodec();
    const link = new SlowLink();
    const outbox = new Outbox(link);
    outbox.addFrame(Buffer.from('before'));
    assert.throws(
      () => {
        outbox.add({ id: 1, codec }, 1, { cmd: 'show version', more: 1 });
      },
      { code: 'VPP_FIELD_INVALID' },
    );
    outbox.addFrame(Buffer.from('behind'));
    await turn();
    assert.deepEqual(link.sent.map(String), ['beforebehind']);
  });

  it('sends all bytes in their order, and changes none that the link still has', async () => {
    const sizes = fc.integer({ min: 1, max: 40_000 });
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: sizes }),
        fc.record({ passOn: fc.nat(5) }),
        fc.constant({ turn: true as const }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const link = new SlowLink();
        const outbox = new Outbox(link);
        const added: Buffer[] = [];
        for (const step of all) {
          if ('turn' in step) await turn();
          else if ('passOn' in step) link.passOn(step.passOn);
          else {
            const frame = Buffer.alloc(step.add, added.length);
            added.push(frame);
            outbox.addFrame(frame);
          }
        }
        await turn();
        assert.ok(Buffer.concat(link.sent).equals(Buffer.concat(added)));
        while (link.kept > 0) link.passOn(0);
      }),
      { numRuns: 100 },
    );
  });
});
