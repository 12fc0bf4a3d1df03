import assert from 'node:assert/strict';
import fc from 'fast-check';
import { identityText, parseIdentity, urisOf, type Identity } from '../../../src/model/identity.js';

describe('identities', () => {
  const good: readonly (readonly [string, Identity, string])[] = [
    ['spiffe://nfv.example/nva', { kind: 'nva' }, 'nva'],
    ['spiffe://nfv.example/nve/host-a', { kind: 'nve', id: 'host-a' }, 'nve/host-a'],
    ['spiffe://nfv.example/user/alice', { kind: 'user', name: 'alice' }, 'user/alice'],
    ['spiffe://a/user/A.b_c@d-1', { kind: 'user', name: 'A.b_c@d-1' }, 'user/A.b_c@d-1'],
    [
      `spiffe://a/user/${'x'.repeat(64)}`,
      { kind: 'user', name: 'x'.repeat(64) },
      `user/${'x'.repeat(64)}`,
    ],
  ];
  for (const [uri, identity, text] of good) {
    it(`reads ${uri}`, () => {
      assert.deepEqual(parseIdentity(uri), identity);
      assert.equal(identityText(identity), text);
    });
  }

  const bad: readonly string[] = [
    '',
    'spiffe://nfv.example',
    'spiffe://nfv.example/',
    'spiffe:///nva',
    'spiffe://NFV.example/nva',
    'spiffe://nfv.example:443/nva',
    'spiffe://alice@nfv.example/nva',
    `spiffe://${'a'.repeat(256)}/nva`,
    'SPIFFE://nfv.example/nva',
    'https://nfv.example/nva',
    ' spiffe://nfv.example/nva',
    'spiffe://nfv.example/nva ',
    'spiffe://nfv.example/nva\n',
    'spiffe://nfv.example/nva/',
    'spiffe://nfv.example/nva/x',
    'spiffe://nfv.example/NVA',
    'spiffe://nfv.example//nva',
    'spiffe://nfv.example/nve',
    'spiffe://nfv.example/nve/',
    'spiffe://nfv.example/nve/Host',
    'spiffe://nfv.example/nve/host-a/more',
    'spiffe://nfv.example/nve/host%2da',
    'spiffe://nfv.example/nve/../user/alice',
    'spiffe://nfv.example/user',
    'spiffe://nfv.example/user/',
    'spiffe://nfv.example/user/-alice',
    'spiffe://nfv.example/user/alice.',
    'spiffe://nfv.example/user/al ice',
    'spiffe://nfv.example/user/älice',
    'spiffe://nfv.example/user/alice?x',
    'spiffe://nfv.example/user/alice#x',
    `spiffe://nfv.example/user/${'x'.repeat(65)}`,
    'spiffe://nfv.example/group/alice',
    'spiffe://nfv.example/local',
  ];
  for (const uri of bad) {
    it(`has none in ${JSON.stringify(uri.slice(0, 60))}`, () => {
      assert.equal(parseIdentity(uri), undefined);
    });
  }

  it('counts those of one trust domain only, where one is given', () => {
    const uri = 'spiffe://nfv.example/user/alice';
    assert.deepEqual(parseIdentity(uri, 'nfv.example'), { kind: 'user', name: 'alice' });
    for (const other of ['nfv.example.org', 'example', 'NFV.example', '']) {
      assert.equal(parseIdentity(uri, other), undefined);
    }
  });

  it('tells in words who has none', () => {
    assert.equal(identityText({ kind: 'local' }), 'local');
    assert.equal(identityText({ kind: 'unnamed', subject: 'web' }), 'certificate "web"');
    assert.equal(identityText({ kind: 'gone' }), 'a connection that has ended');
  });

  it('has an identity only in what is written just as that identity is', () => {
    const word = fc.oneof(
      fc.constantFrom('spiffe:', '', 'nve', 'nva', 'user', 'a.b', 'host-a', 'Alice', '..', ' '),
      fc.string({ maxLength: 6, unit: 'binary' }),
    );
    const path = fc.array(word, { maxLength: 6 }).map((words) => words.join('/'));
    const uris = fc.oneof(
      path,
      path.map((text) => `spiffe://${text}`),
      path.map((text) => `spiffe://a.b/${text}`),
    );
    fc.assert(
      fc.property(uris, (uri) => {
        const identity = parseIdentity(uri, 'a.b');
        if (identity !== undefined) assert.equal(uri, `spiffe://a.b/${identityText(identity)}`);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('urisOf', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['DNS:a.example', []],
    ['URI:spiffe://b/nva', ['spiffe://b/nva']],
    ['IP Address:127.0.0.1, URI:spiffe://b/nva, DNS:a', ['spiffe://b/nva']],
    ['URI:spiffe://b/nva, URI:spiffe://b/user/c', ['spiffe://b/nva', 'spiffe://b/user/c']],
    // As Node shows a name that has a comma of its own.
    ['DNS:"a, URI:spiffe://b/nva"', []],
    ['DNS:"a\\", URI:spiffe://b/nva", URI:spiffe://b/user/c', []],
    ['email:URI:spiffe://b/nva', []],
  ];
  for (const [text, uris] of table) {
    it(`finds ${uris.length} in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(urisOf(text), uris);
    });
  }

  it('takes nothing for a URI that is no name of its own', () => {
    // What Node writes in place of a name with a comma or a quote: a JSON string.
    const quoted = fc
      .string({ maxLength: 30 })
      .map((text) => `DNS:${JSON.stringify(`${text}, URI:spiffe://b/nva`)}`);
    fc.assert(
      fc.property(fc.array(quoted, { minLength: 1, maxLength: 3 }), (names) => {
        assert.deepEqual(urisOf(names.join(', ')), []);
      }),
    );
  });
});
