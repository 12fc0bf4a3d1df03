/** The decoder on what no VPP sends: a value or a typed error, never a crash, a hang or much memory. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import { createCodec, type MessageCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { vppReleases } from '../../../support/vpp-releases.js';
import { WireSampler } from '../../../support/vpp-wire.js';

/** `make nightly` asks for more. */
const CASES = Number(process.env['NFVD_FUZZ_CASES'] ?? 3000);

const modules = vppReleases().at(-1)?.modules ?? [];
const codec = createCodec(parseModules(modules));
const sampler = new WireSampler(modules, modules);
const HEADER = { id: 1, client: 2, context: 3 };

/** The value, or undefined for a message that is refused as it should be. */
function decode(message: MessageCodec, bytes: Buffer): Record<string, unknown> | undefined {
  try {
    return message.decode(bytes);
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    assert.equal(error.code, 'VPP_MESSAGE_MALFORMED');
    assert.ok(error.message.startsWith(`${message.key}: `), error.message);
    return undefined;
  }
}

describe('the decoder', function () {
  this.timeout(120_000);

  it('refuses every message that is cut, at every offset, and takes every one that goes on', () => {
    for (const [i, name] of sampler.names.entries()) {
      const { bytes } = sampler.message(name, i, HEADER);
      const message = codec.message(name);
      for (let end = bytes.length - 1; end >= 0; end--) {
        assert.equal(decode(message, bytes.subarray(0, end)), undefined, `${name}, ${end} bytes`);
      }
      const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
      assert.deepEqual(decode(message, longer), decode(message, bytes), `${name}, one byte more`);
    }
  });

  it('takes random bytes', () => {
    const property = fc.property(
      fc.constantFrom(...sampler.names),
      fc.uint8Array({ maxLength: 600 }),
      (name, bytes) => {
        decode(codec.message(name), Buffer.from(bytes));
      },
    );
    fc.assert(property, { numRuns: CASES });
  });

  it('takes messages with any of their bytes changed', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    const property = fc.property(
      fc.constantFrom(...sampler.names),
      fc.integer(),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      (name, seed, changes) => {
        const { bytes } = sampler.message(name, seed, HEADER);
        for (const [place, value] of changes) bytes[place % bytes.length] = value;
        const message = codec.message(name);
        const decoded = decode(message, bytes);
        if (decoded !== undefined) assertEncodable(message, decoded, bytes);
      },
    );
    fc.assert(property, { numRuns: CASES });
  });

  it('looks at what is left before it believes a count', () => {
    const rows: [name: string, fixed: number][] = [
      ['cli_inband_reply', 4],
      ['get_api_json_reply', 4],
      ['api_versions_reply', 4],
      ['show_threads_reply', 4],
      ['l2_macs_event', 4],
    ];
    for (const [name, before] of rows) {
      const message = codec.message(name);
      const { hasClientIndex, hasContext } = message;
      const header = 2 + (hasClientIndex ? 4 : 0) + (hasContext ? 4 : 0);
      const bytes = Buffer.alloc(header + before + 4 + 64);
      bytes.writeUInt32BE(0xffff_ffff, header + before);
      const memory = process.memoryUsage().arrayBuffers;
      const start = performance.now();
      assert.equal(decode(message, bytes), undefined, name);
      assert.ok(performance.now() - start < 1000, name);
      assert.ok(process.memoryUsage().arrayBuffers - memory < 1024 * 1024, name);
    }
  });
});

/**
 * What was decoded can be sent again, and means the same, unless VPP's definition does not have it:
 * then the encoder refuses it, with a path.
 */
function assertEncodable(
  message: MessageCodec,
  decoded: Readonly<Record<string, unknown>>,
  bytes: Buffer,
): void {
  try {
    const again = message.encode(bytes.readUInt16BE(0), 2, 3, decoded);
    assert.deepEqual(message.decode(again), decoded, message.name);
  } catch (error) {
    assert.ok(error instanceof NfvError && error.code === 'VPP_FIELD_INVALID', String(error));
  }
}
