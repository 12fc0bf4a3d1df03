import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  attesting,
  bareTag,
  MAX_ATTESTED,
  parseTag,
  tagOf,
} from '../../../../src/dataplane/vpp/tag.js';

const key = fc.stringMatching(/^[a-z]{2,6}\/[a-z0-9:./-]{1,90}$/);
const part = fc.constantFrom('', 'group');

describe('tag', () => {
  it('is the key after nfvd:, and says it again', () => {
    assert.equal(tagOf('bd/10'), 'nfvd:bd/10');
    assert.equal(tagOf('bd/10', 'group'), 'nfvd:bd/10@group');
    const said = { key: 'bd/10', part: 'group', attested: '' };
    assert.deepEqual(parseTag('nfvd:bd/10@group'), said);
    // The longest key of a tunnel fits whole.
    const longest = `tunnel/16777215/2001:db8:1111:2222:3333:4444:5555:6666`;
    assert.equal(tagOf(longest), `nfvd:${longest}`);
  });

  it('of a port says what it attests, and has room for that', () => {
    const tag = attesting(tagOf('port/blue-1'), 'vge');
    assert.equal(tag, 'nfvd:port/blue-1=vge');
    assert.deepEqual(parseTag(tag), { key: 'port/blue-1', part: '', attested: 'vge' });
    assert.equal(bareTag(tag), 'nfvd:port/blue-1');
    assert.equal(attesting('nfvd:port/blue-1', ''), 'nfvd:port/blue-1');
    assert.equal(bareTag('theirs=x'), undefined);
    const longest = attesting(tagOf(`port/${'x'.repeat(63)}`), 'a'.repeat(MAX_ATTESTED));
    assert.equal(Buffer.byteLength(longest), 63);
  });

  for (const text of ['', 'nfvd:', 'nfvd', 'theirs', 'xnfvd:bd/1', 'nfvd:@group', 'nfvd:=v']) {
    it(`is not "${text}"`, () => {
      assert.equal(parseTag(text), undefined);
    });
  }

  it('fits into 63 bytes, whatever the key, and is the tag of the key that it says', () => {
    fc.assert(
      fc.property(key, part, (each, which) => {
        const tag = tagOf(each, which);
        assert.ok(Buffer.byteLength(tag) <= 63);
        const said = parseTag(tag);
        assert.equal(said?.part, which);
        assert.equal(tagOf(said.key, which), tag);
        if (each.length <= 45) assert.equal(said.key, each);
      }),
    );
  });

  it('is another for another key', () => {
    const long = `port/${'x'.repeat(62)}`;
    assert.notEqual(tagOf(`${long}a`), tagOf(`${long}b`));
    fc.assert(
      fc.property(key, key, (a, b) => {
        assert.equal(tagOf(a) === tagOf(b), a === b);
      }),
    );
  });
});
