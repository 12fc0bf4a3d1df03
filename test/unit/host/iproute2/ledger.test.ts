import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Ledger, type Ask, type Outcome } from '../../../../src/host/iproute2/ledger.js';

interface Named extends Ask {
  readonly name: string;
}

const ask = (name: string, answers: Ask['answers'] = 'nothing'): Named => ({
  name,
  line: `${name}\n`,
  answers,
  devices: [],
});

class Book {
  readonly done = new Map<string, Outcome>();
  readonly ledger = new Ledger<Named>(({ name }, outcome) => this.done.set(name, outcome));

  names(): string[] {
    return [...this.done.keys()];
  }
}

const OK: Outcome = { ok: true, output: '' };

describe('Ledger', () => {
  it('writes the commands and a line that must fail', () => {
    const { ledger } = new Book();
    assert.equal(ledger.open([ask('a'), ask('b', 'json')]), 'a\nb\n!\n');
  });

  it('flushes text before it', () => {
    const { ledger } = new Book();
    assert.equal(ledger.open([ask('a', 'text')]), 'a\nlink show dev lo\n!\n');
  });

  it('knows of no success before the end of a segment, and of all then', () => {
    const book = new Book();
    book.ledger.open([ask('a'), ask('b')]);
    assert.equal(book.ledger.unfinished, 2);
    book.ledger.stderr('Object "!" is unknown, try "ip help".');
    assert.deepEqual(book.names(), []);
    book.ledger.stderr('Command failed -:3');
    assert.deepEqual(
      [...book.done],
      [
        ['a', OK],
        ['b', OK],
      ],
    );
    assert.equal(book.ledger.unfinished, 0);
  });

  it('gives each failure its text', () => {
    const book = new Book();
    book.ledger.open([ask('a'), ask('b'), ask('c')]);
    for (const line of [
      'RTNETLINK answers: File exists',
      'Command failed -:1',
      'Warning: something',
      'Error: no',
      'Command failed -:3',
      'Object "!" is unknown, try "ip help".',
      'Command failed -:4',
    ]) {
      book.ledger.stderr(line);
    }
    assert.deepEqual(
      [...book.done],
      [
        ['a', { ok: false, text: 'RTNETLINK answers: File exists\n' }],
        ['b', OK],
        ['c', { ok: false, text: 'Warning: something\nError: no\n' }],
      ],
    );
  });

  it('counts lines over all segments', () => {
    const book = new Book();
    book.ledger.open([ask('a')]);
    book.ledger.open([ask('b'), ask('c')]);
    for (const n of [2, 4, 5]) {
      book.ledger.stderr('x');
      book.ledger.stderr(`Command failed -:${n}`);
    }
    assert.deepEqual(book.done.get('b'), OK);
    assert.deepEqual(book.done.get('c'), { ok: false, text: 'x\n' });
  });

  /** The same talk in every way that two pipes may mix it. */
  const STDOUT = ['[1]', '[2]', '[3]', '[lo]'];
  const STDERR = [
    'no',
    'Command failed -:1',
    '!',
    'Command failed -:4',
    'no',
    'Command failed -:6',
    '!',
    'Command failed -:9',
  ];

  it('pairs queries and answers however the two pipes are mixed', () => {
    const total = STDOUT.length + STDERR.length;
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(total).keys()]), (order) => {
        const book = new Book();
        book.ledger.open([ask('a', 'json'), ask('b', 'json'), ask('c', 'json')]);
        book.ledger.open([ask('d'), ask('e', 'json'), ask('f', 'text')]);
        const out = [...STDOUT];
        const err = [...STDERR];
        for (const at of [...order, ...Array(total).keys()]) {
          const from = at % 2 === 0 ? out : err;
          const line = from.shift();
          if (line !== undefined)
            from === out ? book.ledger.stdout(line) : book.ledger.stderr(line);
        }
        while (out.length > 0) book.ledger.stdout(out.shift() ?? '');
        while (err.length > 0) book.ledger.stderr(err.shift() ?? '');
        assert.deepEqual(book.done.get('a'), { ok: false, text: 'no\n' });
        assert.deepEqual(book.done.get('b'), { ok: true, output: '[1]' });
        assert.deepEqual(book.done.get('c'), { ok: true, output: '[2]' });
        assert.deepEqual(book.done.get('d'), OK);
        assert.deepEqual(book.done.get('e'), { ok: false, text: 'no\n' });
        assert.deepEqual(book.done.get('f'), { ok: true, output: '[3]' });
        assert.equal(book.ledger.surplus, false);
      }),
    );
  });

  it('refuses to be told of lines that it has not given', () => {
    for (const line of ['Command failed -:9', 'Command failed -:0']) {
      const book = new Book();
      book.ledger.open([ask('a')]);
      assert.throws(() => {
        book.ledger.stderr(line);
      }, /not a line it was given/);
    }
    assert.throws(() => {
      new Book().ledger.stderr('Command failed -:1');
    });
  });

  it('sees output that nobody asked for', () => {
    const book = new Book();
    book.ledger.open([ask('a')]);
    book.ledger.stdout('[]');
    assert.equal(book.ledger.surplus, false);
    book.ledger.stderr('Command failed -:2');
    assert.equal(book.ledger.surplus, true);
  });

  it('bounds the text of a failure', () => {
    const book = new Book();
    book.ledger.open([ask('a')]);
    for (let i = 0; i < 10_000; i++) book.ledger.stderr('blah blah blah');
    book.ledger.stderr('Command failed -:1');
    book.ledger.stderr('Command failed -:2');
    const outcome = book.done.get('a');
    assert.ok(outcome?.ok === false && outcome.text.length < 5000);
  });

  it('tells at the end what was done, what may have been, and what was not', () => {
    const book = new Book();
    book.ledger.open([ask('a')]);
    book.ledger.open([ask('b'), ask('q', 'json'), ask('c'), ask('d'), ask('e')]);
    book.ledger.open([ask('f')]);
    book.ledger.stderr('Command failed -:2');
    book.ledger.stdout('[]');
    book.ledger.stderr('no');
    book.ledger.stderr('Command failed -:5');
    book.ledger.stderr('RTNETLINK answers: No such file or directory');
    const { started, waiting, text } = book.ledger.close();
    assert.deepEqual(book.names(), ['a', 'b', 'c']);
    assert.equal(book.done.get('c')?.ok, false);
    assert.deepEqual(
      started.map(({ name }) => name),
      ['q', 'd', 'e'],
    );
    assert.deepEqual(
      waiting.map((asks) => asks.map(({ name }) => name)),
      [['f']],
    );
    assert.equal(text, 'RTNETLINK answers: No such file or directory\n');
    assert.deepEqual(book.ledger.close(), { started: [], waiting: [], text });
  });

  it('survives any talk', () => {
    const line = fc.oneof(
      fc.string(),
      fc.nat({ max: 9 }).map((n) => `Command failed -:${n}`),
      fc.constant('[]'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), line)), (talk) => {
        const finished: string[] = [];
        const ledger = new Ledger<Named>(({ name }) => finished.push(name));
        ledger.open([ask('a'), ask('b', 'json')]);
        ledger.open([ask('c', 'text')]);
        try {
          for (const [out, text] of talk) {
            if (out) ledger.stdout(text);
            else ledger.stderr(text);
          }
        } catch (error) {
          assert.match(String(error), /not a line it was given/);
        }
        const { started, waiting } = ledger.close();
        const all = [...finished, ...[...started, ...waiting.flat()].map(({ name }) => name)];
        assert.deepEqual(all.sort(), ['a', 'b', 'c']);
      }),
    );
  });
});
