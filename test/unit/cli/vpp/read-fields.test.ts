import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { readFields, typedFields } from '../../../../src/cli/vpp/read-fields.js';
import { NfvError } from '../../../../src/errors.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { tempDir } from '../../../support/temp-dir.js';
import { apiModule, bareMessage } from '../../../support/vpp-modules.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../../../../src/cli/read-text.js';
import { inputOf } from '../../../support/cli.js';

const stdin = (text: string): Input => inputOf(Readable.from([Buffer.from(text)]));

describe('readFields', () => {
  const rows: [json: string, fields: Record<string, unknown>][] = [
    ['{}', {}],
    ['', {}],
    ['{"a": 1, "b": [true, "x", 1.5]}', { a: 1, b: [true, 'x', 1.5] }],
    ['{a: 1, flags: [UP]}', { a: 1, flags: ['UP'] }],
    // No integer loses a digit.
    ['{"a": 18446744073709551615}', { a: 18446744073709551615n }],
    ['{"a": -9223372036854775808}', { a: -9223372036854775808n }],
    ['{"a": 9007199254740991}', { a: 9007199254740991 }],
    ['{mac: 02:00:00:00:00:01, ip: fd00::1}', { mac: '02:00:00:00:00:01', ip: 'fd00::1' }],
  ];
  for (const [json, fields] of rows) {
    it(`takes ${json || 'nothing'}`, async () => {
      assert.deepEqual(await readFields({ json }, stdin('')), fields);
    });
  }

  it('reads a file, and stdin', async () => {
    const dir = tempDir();
    try {
      const file = join(dir.path, 'fields.yaml');
      writeFileSync(file, 'a: 1\n');
      assert.deepEqual(await readFields({ file }, stdin('')), { a: 1 });
      assert.deepEqual(await readFields({ file: '-' }, stdin('{"a": 2}')), { a: 2 });
      assert.deepEqual(await readFields({}, stdin('{"a": 2}')), {});
    } finally {
      dir.remove();
    }
  });

  const wrong: [options: { json?: string; file?: string }, error: RegExp][] = [
    [{ json: '{"a": ' }, /^INVALID_FIELD --json:1:7: \{"a":: Flow map/],
    [{ json: '[1]' }, /^INVALID_FIELD --json:1:1: /],
    [{ json: '99999999999999999999' }, /^INVALID_FIELD --json:1:1: 99999999999999999999: /],
    [{ json: '{a: 1, a: 2}' }, /^INVALID_FIELD --json:1:8: a: a: given twice/],
    [{ json: '{}', file: 'x' }, /^INVALID_FIELD --file: x: not used with --json/],
    [{ file: '/nowhere' }, /^FILE_UNREADABLE ENOENT/],
  ];
  for (const [options, expected] of wrong) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      await assert.rejects(readFields(options, stdin('')), (thrown) => {
        assert.ok(thrown instanceof NfvError);
        assert.match(`${thrown.code} ${thrown.message}`, expected);
        return true;
      });
    });
  }
});

describe('typedFields', () => {
  const message = bareMessage(
    'm',
    ['u64', 'big'],
    ['i64', 'many', 2],
    ['u32', 'small'],
    ['vl_api_wide_t', 'wide'],
    ['vl_api_pair_t', 'pair'],
    ['string', 'text', 64],
    ['f64', 'real'],
  );
  const module = apiModule({
    aliases: { wide: { type: 'u64' } },
    types: [['pair', ['u64', 'x'], ['u8', 'y']]],
    messages: [message],
  });
  const schema = parseModules([module]);
  const def = schema.messages.get('m');

  const rows: [given: Record<string, unknown>, typed: Record<string, unknown>][] = [
    [{ big: '18446744073709551615' }, { big: 18446744073709551615n }],
    [{ big: 7 }, { big: 7 }],
    [{ many: ['-1', 2] }, { many: [-1n, 2] }],
    [{ wide: '3' }, { wide: 3n }],
    [{ pair: { x: '4', y: 1 } }, { pair: { x: 4n, y: 1 } }],
    [{ real: 10n ** 20n }, { real: 1e20 }],
    // What is wrong is the codec's to tell.
    [{ small: '5' }, { small: '5' }],
    [{ big: 'x' }, { big: 'x' }],
    [{ text: '6' }, { text: '6' }],
    [{ pair: 'x' }, { pair: 'x' }],
    [{ unknown: '8' }, { unknown: '8' }],
  ];
  for (const [given, typed] of rows) {
    const [name = ''] = Object.keys(given);
    it(`${name}: ${String(given[name])}`, () => {
      assert.ok(def);
      assert.deepEqual(typedFields(schema, def, given), typed);
    });
  }
});
