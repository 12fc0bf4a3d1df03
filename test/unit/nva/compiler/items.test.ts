import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { CompiledItem } from '../../../../src/nva/compiler/items.js';
import type { Payload } from '../../../../src/model/item.js';

/** Each with its canonical JSON, written by hand: what a new version of the program must not change. */
const SAMPLES: readonly (readonly [payload: Payload, text: string])[] = [
  [
    { kind: 'tunnel', vni: 5000, remote: '192.0.2.2', local: '192.0.2.1' },
    '{"kind":"tunnel","local":"192.0.2.1","remote":"192.0.2.2","vni":5000}',
  ],
  [
    { kind: 'tunnel', vni: 1, remote: '2001:db8::2', local: '2001:db8::1' },
    '{"kind":"tunnel","local":"2001:db8::1","remote":"2001:db8::2","vni":1}',
  ],
  [
    { kind: 'flood_member', vni: 5000, remote: '192.0.2.2' },
    '{"kind":"flood_member","remote":"192.0.2.2","vni":5000}',
  ],
  [
    {
      ...{ kind: 'mac_entry', vni: 5000, mac: '02:00:00:00:00:01' },
      via: { kind: 'remote', vtep: '192.0.2.2' },
    },
    '{"kind":"mac_entry","mac":"02:00:00:00:00:01","via":{"kind":"remote","vtep":"192.0.2.2"},"vni":5000}',
  ],
];

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

describe('a compiled item', () => {
  for (const [payload, text] of SAMPLES) {
    it(`has the hash of its content for a version: ${text}`, () => {
      const item = new CompiledItem(payload);
      assert.equal(item.version, sha256(text).toString('base64url').slice(0, 12));
      const part = sha256(`${item.key}\0${item.version}`).readBigUInt64BE();
      assert.equal(item.digestPart, part);
    });
  }
});
