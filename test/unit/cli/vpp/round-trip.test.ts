/** What is printed can be given back: with every message of VPP 26.06. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { toYaml } from '../../../../src/cli/render.js';
import { kindsOf } from '../../../../src/cli/vpp/message-kinds.js';
import { plain } from '../../../../src/cli/plain.js';
import { readFields, typedFields } from '../../../../src/cli/vpp/read-fields.js';
import { withZeros } from '../../../../src/cli/vpp/zero-fields.js';
import { NfvError } from '../../../../src/errors.js';
import { createCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { newestModules } from '../../../support/emulated-vpp.js';
import { WireSampler } from '../../../support/vpp-wire.js';
import { inputOf } from '../../../support/cli.js';

describe('fields of messages', function () {
  this.timeout(60_000);
  const modules = newestModules();
  const schema = parseModules(modules);
  const codec = createCodec(schema);
  const sampler = new WireSampler(modules, modules);
  const none = inputOf(Readable.from([]));

  for (const [form, write] of [
    ['JSON', (value: unknown): string => JSON.stringify(value)],
    ['YAML', toYaml],
  ] as const) {
    it(`as ${form}, read back are the same bytes`, async () => {
      let compared = 0;
      for (const [i, name] of sampler.names.entries()) {
        const sample = sampler.message(name, i, { id: 1, client: 2, context: 3 });
        const message = schema.messages.get(name);
        assert.ok(message);
        const decoded = codec.message(name).decode(sample.bytes);
        const fields = await readFields({ json: write(plain(decoded)) }, none);
        const sent = typedFields(schema, message, fields);
        const bytes = codec.message(name).encode(1, 2, 3, sent);
        assert.equal(
          bytes.toString('hex'),
          codec.message(name).encode(1, 2, 3, decoded).toString('hex'),
        );
        compared++;
      }
      assert.ok(compared === 2093, String(compared));
    });
  }

  it('that are all left out are zeros that each dump, and each that asks for events, takes', () => {
    const kinds = kindsOf(schema);
    const names = [...schema.services.keys()].filter(
      (name) => kinds.get(name) === 'dump' || name.startsWith('want_'),
    );
    assert.ok(names.length > 120, String(names.length));
    const refused = names.flatMap((name) => {
      const message = schema.messages.get(name);
      assert.ok(message, name);
      try {
        codec.message(name).check(withZeros(schema, message, {}));
        return [];
      } catch (thrown) {
        return [`${name}: ${NfvError.from(thrown).message}`];
      }
    });
    assert.deepEqual(refused, []);
  });

  it('that are left out of a struct are zeros too', () => {
    const message = schema.messages.get('ip_route_v2_dump');
    assert.ok(message);
    // The example of `nfvctl vpp dump --help`.
    const given = { table: { table_id: 7, is_ip6: true } };
    const bytes = codec.message(message.name).encode(1, 2, 3, withZeros(schema, message, given));
    const header = '00010000000200000003';
    assert.equal(bytes.toString('hex'), `${header}000000000701${'00'.repeat(64)}`);
  });
});
