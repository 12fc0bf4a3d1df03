import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { type CommitHooks, Commits } from '../../../../src/store/lmdb/commits.js';
import type { Draft } from '../../../../src/store/lmdb/draft.js';
import { Records } from '../../../../src/store/lmdb/records.js';
import { runTxn } from '../../../../src/store/lmdb/txn.js';
import type { Txn, TxnResult } from '../../../../src/store/store.js';
import { MemoryView } from '../../../support/memory-view.js';
import { op, rejects } from '../../../support/store-helpers.js';

const NO_HOOKS: CommitHooks = { before: () => undefined, committed: () => undefined };

/** Resolves when it is called. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('lmdb/commits', () => {
  let view: MemoryView;
  let commits: Commits;
  const submit = (txn: Txn, bytes = 0): Promise<TxnResult> =>
    commits.submit(bytes, (draft) => runTxn(draft, txn));
  const put = (key: string, value = ''): Promise<TxnResult> =>
    submit({ compare: [], ops: [op(key, value)] });
  const revision = (): number => new Records(view).state().revision;

  beforeEach(() => {
    view = new MemoryView();
    commits = new Commits(view, NO_HOOKS);
  });

  it('commits what comes in one turn, or while another commit runs, as one group', async () => {
    const first = gate();
    view.beforeCommit = () => first.opened;
    const early = Array.from({ length: 10 }, (_, i) => put(`a${i}`));
    await new Promise((resolve) => setImmediate(resolve));
    const late = Array.from({ length: 20 }, (_, i) => put(`b${i}`));
    first.open();
    const results = await Promise.all([...early, ...late]);
    assert.deepEqual(
      results.map((result) => result.revision),
      results.map((_, i) => i + 1),
    );
    // Of each transaction a value and a log record, and the state of the group.
    assert.deepEqual(view.commits, [21, 41]);
  });

  it('answers none before the group is committed', async () => {
    const blocked = gate();
    view.beforeCommit = () => blocked.opened;
    let answered = 0;
    const all = Array.from({ length: 5 }, () => put('a').then(() => answered++));
    const failing = submit({
      compare: [{ kind: 'revision', key: 'a', revision: 99 }],
      ops: [op('a', '')],
    }).then(() => answered++);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answered, 0);
    assert.equal(revision(), 0);
    blocked.open();
    await Promise.all([...all, failing]);
    assert.equal(answered, 6);
  });

  it('shows each transaction the ones before it', async () => {
    const compare = [{ kind: 'revision', key: 'a', revision: 0 }] as const;
    const results = await Promise.all([
      submit({ compare, ops: [op('a', '1')] }),
      submit({ compare, ops: [op('a', '2')] }),
      submit({ compare: [{ kind: 'empty', prefix: 'a' }], ops: [op('b', '')] }),
      submit({
        compare: [{ kind: 'revision', key: 'a', revision: 1 }],
        ops: [{ kind: 'delete', key: 'a' }],
      }),
      submit({ compare: [{ kind: 'empty', prefix: 'a' }], ops: [op('c', '')] }),
    ]);
    assert.deepEqual(
      results.map((result) => [result.succeeded, result.revision]),
      [
        [true, 1],
        [false, 1],
        [false, 1],
        [true, 2],
        [true, 3],
      ],
    );
    assert.equal(view.commits.length, 1);
  });

  it('commits nothing where nothing changes', async () => {
    await submit({ compare: [], ops: [{ kind: 'delete', key: 'a' }] });
    assert.deepEqual(view.commits, []);
  });

  it('fails the whole group with its commit, and none else', async () => {
    await put('a', 'before');
    view.beforeCommit = () => {
      view.beforeCommit = () => Promise.resolve();
      return Promise.reject(new NfvError('STORE_FULL', 'the disk is full'));
    };
    const group = [put('a', 'lost'), put('b', 'lost'), submit({ compare: [], ops: [op('c', '')] })];
    for (const one of group) await rejects(one, 'STORE_FULL');
    assert.equal(revision(), 1);
    assert.deepEqual((await put('b')).revision, 2);
    assert.equal(new Records(view).current(Buffer.from('a'))?.value.toString(), 'before');
  });

  it('lets one fail alone that refuses by itself', async () => {
    const refuse = (): never => {
      throw new NfvError('REVISION_IN_FUTURE', 'not yet');
    };
    const results = await Promise.allSettled([put('a'), commits.submit(0, refuse), put('b')]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(revision(), 2);
  });

  it('drops a group in which damage is found', async () => {
    const damaged = (): never => {
      throw new NfvError('STORE_DAMAGED', 'bad');
    };
    const later = [put('a'), commits.submit(0, damaged)].map((one) =>
      rejects(one, 'STORE_DAMAGED'),
    );
    const next = put('b');
    await Promise.all(later);
    assert.deepEqual(await next, { succeeded: true, revision: 1 });
  });

  it('asks before each group, and tells of each that is durable', async () => {
    const told: number[] = [];
    let refuse = false;
    commits = new Commits(view, {
      before: () => {
        if (refuse) throw new NfvError('STORE_DAMAGED', 'found before');
      },
      committed: (draft: Draft) => told.push(draft.state.revision),
    });
    await Promise.all([put('a'), put('b')]);
    refuse = true;
    await rejects(put('c'), 'STORE_DAMAGED');
    refuse = false;
    await put('d');
    assert.deepEqual(told, [2, 3]);
  });

  it('bounds a group by what it writes', async () => {
    const large = 'v'.repeat(1024 * 1024);
    await Promise.all(Array.from({ length: 10 }, (_, i) => put(`k${i}`, large)));
    assert.ok(view.commits.length >= 3, view.commits.join(' '));
    view.commits.length = 0;
    await Promise.all(Array.from({ length: 600 }, (_, i) => put(`s${i}`)));
    assert.ok(view.commits.length >= 3 && Math.max(...view.commits) <= 513);
    assert.equal(revision(), 610);
  });

  it('bounds what waits', async () => {
    const blocked = gate();
    view.beforeCommit = () => blocked.opened;
    const mib = 1024 * 1024;
    const waiting = Array.from({ length: 64 }, () =>
      submit({ compare: [], ops: [op('a', '')] }, mib),
    );
    const error = await rejects(
      submit({ compare: [], ops: [op('a', '')] }, mib),
      'TOO_MANY_REQUESTS',
    );
    assert.ok(error.retriable);
    blocked.open();
    await Promise.all(waiting);
    await submit({ compare: [], ops: [op('a', '')] }, mib);
    const small = Array.from({ length: 16_384 }, () => put('a'));
    await rejects(put('a'), 'TOO_MANY_REQUESTS');
    await Promise.all(small);
  });

  it('is idle when all was answered', async () => {
    await commits.idle();
    const answered: number[] = [];
    for (let i = 0; i < 3; i++) void put('a').then(() => answered.push(i));
    await commits.idle();
    await Promise.resolve();
    assert.deepEqual(answered, [0, 1, 2]);
  });
});
