import assert from 'node:assert/strict';
import { formatTarget, isLocal, parseAddress } from '../../../src/rpc/address.js';

const LONGEST = `/${'a'.repeat(106)}`;

describe('parseAddress', () => {
  const right: [text: string, target: string, local: boolean][] = [
    ['unix:/run/nfvd/nva.sock', 'unix:/run/nfvd/nva.sock', true],
    [`unix:${LONGEST}`, `unix:${LONGEST}`, true],
    ['127.0.0.1:7443', '127.0.0.1:7443', true],
    ['127.9.9.9:1', '127.9.9.9:1', true],
    ['[::1]:7443', '[::1]:7443', true],
    ['localhost:0', 'localhost:0', true],
    ['nva.example.org:65535', 'nva.example.org:65535', false],
    ['192.0.2.1:7443', '192.0.2.1:7443', false],
    ['[2001:db8::1]:7443', '[2001:db8::1]:7443', false],
    ['0.0.0.0:1', '0.0.0.0:1', false],
    ['[::]:1', '[::]:1', false],
  ];
  for (const [text, target, local] of right) {
    it(`takes ${text.slice(0, 40)}`, () => {
      const address = parseAddress(text);
      assert.ok(address !== undefined);
      assert.equal(formatTarget(address), target);
      assert.equal(isLocal(address), local);
    });
  }

  const wrong = [
    '',
    'unix:',
    'unix:relative.sock',
    'unix:/a\0b',
    `unix:${LONGEST}a`,
    `unix:/${'é'.repeat(54)}`,
    '/run/nfvd/nva.sock',
    '127.0.0.1',
    ':7443',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:7443x',
    '::1:7443',
    '[::1]',
    '[::g]:7443',
    '[localhost]:7443',
    'http://127.0.0.1:7443',
    'a b:7443',
    'dns:///nva:7443',
  ];
  for (const text of wrong) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }
});
