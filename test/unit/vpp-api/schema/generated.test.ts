/** What is generated is what the definitions say: made again here, and compared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createCodec } from '../../../../src/vpp-api/codec/codec.js';
import { readCatalogue } from '../../../../src/vpp-api/schema/catalogue.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { features } from '../../../../src/vpp-api/schema/product-messages.js';
import { generatedFiles } from '../../../support/vpp-generated.js';
import { vppReleases } from '../../../support/vpp-releases.js';
import { WireSampler } from '../../../support/vpp-wire.js';

describe('src/vpp-api/generated', () => {
  it('is what "make generate" writes', () => {
    for (const [path, text] of generatedFiles()) {
      assert.ok(readFileSync(path, 'utf8') === text, `${path} is not: run "make generate"`);
    }
  });
});

describe('the catalogue', () => {
  const catalogue = readCatalogue();
  const releases = vppReleases().map(({ name, modules }) => ({
    name,
    modules,
    schema: parseModules(modules),
  }));

  it('has every message that the product asks of a release, under its CRC', () => {
    let requests = 0;
    for (const { name, schema } of releases) {
      for (const [, needs] of features()) {
        for (const request of needs.flatMap(({ anyOf }) => anyOf)) {
          const def = schema.messages.get(request);
          if (def === undefined) continue;
          const { reply, streamMessage, events = [] } = schema.services.get(request) ?? {};
          for (const message of [request, reply, streamMessage, ...events]) {
            if (message === undefined) continue;
            const key = schema.messages.get(message)?.key;
            const known = catalogue.variants(message).map((variant) => variant.def.key);
            assert.ok(
              key !== undefined && known.includes(key),
              `${name}: ${message} ${String(key)}`,
            );
            requests++;
          }
        }
      }
    }
    assert.ok(requests > 2000, String(requests));
  });

  it('asks for nothing that no release has', () => {
    for (const [feature, needs] of features()) {
      for (const { anyOf, events = [] } of needs) {
        for (const message of [...anyOf, ...events]) {
          assert.notEqual(catalogue.variants(message).length, 0, `${feature}: ${message}`);
        }
      }
    }
  });

  it('encodes every message that a release has as that release has it', function () {
    this.timeout(60_000);
    const declaring = vppReleases().at(-1)?.modules ?? [];
    const header = { id: 1, client: 2, context: 3 };
    for (const { name, modules, schema } of releases) {
      const table = new Map([...schema.messages.values()].map(({ key }, i) => [key, i]));
      const bundled = catalogue.schemaFor(table);
      const codec = createCodec(bundled);
      const sampler = new WireSampler(modules, name === '26.06' ? modules : declaring);
      const there = [...bundled.messages.values()].filter(({ key }) => table.has(key));
      assert.ok(there.length > 180, name);
      for (const [i, { name: message }] of there.entries()) {
        const { give, bytes } = sampler.message(message, i, header);
        const encoded = codec.message(message).encode(1, 2, 3, give);
        assert.equal(encoded.toString('hex'), bytes.toString('hex'), `${name}: ${message}`);
      }
    }
  });

  it('chooses the variant that the message table has, else the newest', () => {
    const crcs = (table: ReadonlyMap<string, number>): string | undefined =>
      catalogue.schemaFor(table).messages.get('dev_create_port_if')?.crc;
    assert.deepEqual(
      catalogue.variants('dev_create_port_if').map(({ def, release }) => [def.crc, release]),
      [
        ['dbdf06f3', '26.06'],
        ['1eb00d01', '24.10'],
      ],
    );
    assert.equal(crcs(new Map()), 'dbdf06f3');
    assert.equal(crcs(new Map([['dev_create_port_if_dbdf06f3', 1]])), 'dbdf06f3');
    assert.equal(crcs(new Map([['dev_create_port_if_1eb00d01', 1]])), '1eb00d01');
    assert.deepEqual(catalogue.variants('acl_dump'), []);
  });
});
