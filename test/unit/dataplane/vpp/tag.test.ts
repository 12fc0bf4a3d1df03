import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTag, tagOf } from '../../../../src/dataplane/vpp/tag.js';

const key = fc.stringMatching(/^[a-z]{2,6}\/[a-z0-9:./-]{1,90}$/);
const part = fc.constantFrom('', 'group');

describe('tag', () => {
  it('is the key after nfvd:, and says it again', () => {
    assert.equal(tagOf('bd/10'), 'nfvd:bd/10');
    assert.equal(tagOf('bd/10', 'group'), 'nfvd:bd/10@group');
    assert.deepEqual(parseTag('nfvd:bd/10@group'), { key: 'bd/10', part: 'group' });
    // The longest key of a tunnel fits whole.
    const longest = `tunnel/16777215/2001:db8:1111:2222:3333:4444:5555:6666`;
    assert.equal(tagOf(longest), `nfvd:${longest}`);
  });

  for (const text of ['', 'nfvd:', 'nfvd', 'theirs', 'xnfvd:bd/1', 'nfvd:@group']) {
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
        if (each.length <= 50) assert.equal(said.key, each);
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
