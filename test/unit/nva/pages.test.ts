import assert from 'node:assert/strict';
import { pageSize, PageTokens } from '../../../src/nva/pages.js';
import { isId } from '../../../src/model/names.js';

describe('pages', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64url');
  const tokens = new PageTokens('networks', 'vni = 5', isId);
  const start = { revision: 7, after: 'red' };

  for (const [asked, size] of [
    [0, 100],
    [1, 1],
    [1000, 1000],
    [1001, 1000],
  ] as const) {
    it(`have ${size} entries where ${asked} are asked for`, () => {
      assert.equal(pageSize(asked), size);
    });
  }

  it('have no negative size', () => {
    assert.throws(() => pageSize(-1), { code: 'INVALID_FIELD' });
  });

  it('go on where a token says, and begin where there is none', () => {
    const { revision, after } = tokens.decode(tokens.encode(start)) ?? {};
    assert.deepEqual({ revision, after }, start);
    assert.equal(tokens.decode(''), undefined);
  });

  it('outlive a replica of the version before: the fields of a token stay', () => {
    // sha256sum of "networks\0vni = 5".
    const token = base64('{"revision":7,"after":"red","filter":"QoxaVs_OIw6r"}');
    assert.equal(tokens.encode(start), token);
  });

  for (const [what, token, why] of [
    ['no base64 of JSON', '!', /not a page token/],
    ['other JSON', base64('[]'), /not a page token/],
    ['a revision below 0', base64('{"revision":-1,"after":"red","filter":""}'), /not a page token/],
    ['no id to begin after', tokens.encode({ revision: 7, after: 'a b' }), /not a page token/],
    ['another list', new PageTokens('routers', 'vni = 5').encode(start), /another list or filter/],
    ['another filter', new PageTokens('networks', '').encode(start), /another list or filter/],
  ] as const) {
    it(`do not go on from a token of ${what}`, () => {
      const code = 'INVALID_PAGE_TOKEN';
      assert.throws(() => tokens.decode(token), { code, message: why });
    });
  }
});
