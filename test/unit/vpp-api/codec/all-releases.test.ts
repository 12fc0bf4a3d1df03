/** Every message of every release, against bytes that are made without any code of src. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { vppReleases } from '../../../support/vpp-releases.js';
import { WireSampler, type Sample } from '../../../support/vpp-wire.js';

const COUNTS: Readonly<Record<string, number>> = {
  '22.10': 1718,
  '23.06': 1762,
  '23.10': 1794,
  '24.02': 1830,
  '24.06': 1848,
  '24.10': 1862,
  '25.02': 1919,
  '25.06': 1929,
  '25.10': 1949,
  '26.02': 2009,
  '26.06': 2093,
};

/** Random values of each message, in each release. */
const RUNS = 2;

describe('the codec, on every message of a release', () => {
  const releases = vppReleases();
  const declaring = releases.find(({ name }) => name === '26.06')?.modules ?? [];

  it('knows eleven releases', () => {
    assert.deepEqual(
      releases.map(({ name }) => name),
      Object.keys(COUNTS),
    );
  });

  for (const { name, modules } of releases) {
    it(`${name}: ${COUNTS[name] ?? 0} messages`, function () {
      this.timeout(60_000);
      const codec = createCodec(parseModules(modules));
      const sampler = new WireSampler(modules, declaring);
      assert.equal(sampler.names.length, COUNTS[name]);
      const header = fc.record({
        id: fc.nat(0xffff),
        client: fc.nat(0xffff_ffff),
        context: fc.nat(0xffff_ffff),
      });
      const property = fc.property(fc.integer(), header, (seed, { id, client, context }) => {
        for (const [i, message] of sampler.names.entries()) {
          const sample = sampler.message(message, seed + i, { id, client, context });
          const one = codec.message(message);
          assertSame(message, one.encode(id, client, context, sample.give), sample);
          assert.deepEqual(one.decode(sample.bytes), sample.expect, message);
          if (one.hasContext) assert.equal(one.contextOf(sample.bytes), context, message);
        }
      });
      fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    });
  }
});

function assertSame(message: string, bytes: Buffer, { bytes: expected }: Sample): void {
  if (bytes.equals(expected)) return;
  assert.equal(bytes.toString('hex'), expected.toString('hex'), message);
}
