/** docs/vpp-api.md shows what really happens. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readCatalogue } from '../../../src/vpp-api/schema/catalogue.js';

describe('docs/vpp-api.md', () => {
  const text = readFileSync('docs/vpp-api.md', 'utf8');

  it('has an example that runs and prints what it says', () => {
    const [, code = '', output = ''] =
      /```js\n(import \{ createCodec.*?)```\n\n```\n(.*?)```/s.exec(text) ?? [];
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    assert.equal(printed, output);
  });

  it('counts the messages of the catalogue', () => {
    const { messages } = readCatalogue().schemaFor(new Map());
    assert.ok(
      text.includes(`${messages.size} messages with their variants`),
      String(messages.size),
    );
  });
});
