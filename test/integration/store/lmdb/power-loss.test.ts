/**
 * Power loss: what the writer really did to its file is recorded with strace, and the file is put
 * together as it could be after a power loss at any instant. It must open, be whole, and have all
 * that anybody was told before that instant.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NfvError } from '../../../../src/errors.js';
import { openLmdbReader } from '../../../../src/store/lmdb/reader.js';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { verifyDataFile } from '../../../../src/store/lmdb/verify.js';
import { CrashStates, LUCK, type Luck } from '../../../support/crash-states.js';
import { seeded, upTo } from '../../../support/seeded.js';
import { skip } from '../../../support/skip.js';
import { checkAcks, toldRevision } from '../../../support/store-acks.js';
import { put } from '../../../support/store-helpers.js';
import type { WriterLine } from '../../../support/store-writer.js';
import { parseLine, writerArguments } from '../../../support/store-writer-lines.js';
import { straceReason, traceNode, traceText, type TracedCall } from '../../../support/strace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LONG = process.env['NFVD_TEST_LONG'] === '1';
const TXNS = LONG ? 400 : 60;
const STATES = LONG ? 20_000 : 1000;
/** Every so many states the whole store is opened, compared and written to. */
const WHOLE_EVERY = LONG ? 20 : 25;
const SEED = 77;

interface Recorded {
  readonly states: CrashStates;
  readonly told: readonly { readonly instant: number; readonly line: WriterLine }[];
  /** Whenever a call to the file began or ended, or somebody was told something. */
  readonly instants: readonly number[];
}

describe('the embedded store under power loss', function () {
  this.timeout(LONG ? 1_200_000 : 60_000);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  before(async function () {
    const reason = await straceReason();
    if (reason !== undefined) skip(this, reason);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    await directory.remove();
  });

  it(`has all that was told, in ${STATES} states of the file`, async () => {
    const recorded = await record(TXNS);
    const failures = await check(recorded, STATES);
    assert.deepEqual(failures.slice(0, 5), []);
  });

  // What shows that the test above could fail.
  for (const [name, options] of [
    ['noSync', { noSync: true }],
    ['noMetaSync', { noMetaSync: true }],
    // lmdb-js's default: answers wait for the sync, but readers see the commit before it.
    ['overlappingSync', { overlappingSync: true }],
  ] as const) {
    it(`finds out that ${name} is not durable`, async () => {
      const recorded = await record(60, options);
      const failures = await check(recorded, 300);
      const lost = failures.filter((failure) => failure.includes('was told'));
      assert.ok(lost.length > 0, `${failures.length} failures, but none of a lost transaction`);
    });
  }

  it('is made in an order that leaves a whole store or none', async () => {
    const path = join(directory.path, 'made', 'store');
    const report = join(directory.path, 'report');
    const order = { path, report, seed: SEED, callers: 1, txns: 1 };
    const done = await traceText(writerArguments(order), directory.path);
    const data = join(path, 'new', 'data.mdb');
    const at = (pattern: RegExp): number => {
      const index = done.findIndex((line) => pattern.test(line));
      assert.ok(index >= 0, `never: ${pattern.source}`);
      return index;
    };
    const renamed = at(new RegExp(`rename.*"${data}"`));
    const before = done.slice(0, renamed).filter((line) => line.includes(`<${data}>`));
    // First the pages, then their sync, and last the meta page, which syncs itself.
    assert.match(before.at(-1) ?? '', /^pwrite64.*, 128, 4136\)/);
    assert.match(before.at(-2) ?? '', /^fdatasync/);
    assert.ok(at(new RegExp(`^fsync.*<${path}>`)) > renamed);
    const told = at(new RegExp(`^write.*<${report}>`));
    for (const synced of [path, join(directory.path, 'made'), directory.path]) {
      assert.ok(at(new RegExp(`^fsync.*<${synced}>`)) < told, synced);
    }
  });

  /** A writer's whole run on a store that is there already, and was synced. */
  async function record(txns: number, options?: object): Promise<Recorded> {
    const path = join(directory.path, 'store');
    const file = join(path, 'data.mdb');
    const report = join(directory.path, 'report');
    await (await openLmdbStore({ path })).close();
    const initial = await readFile(file);
    const order = { path, report, seed: SEED, callers: 4, txns, compactEvery: 23 };
    const register = fileURLToPath(
      new URL('../../../support/unsafe-lmdb-register.js', import.meta.url),
    );
    const calls = await traceNode(
      [...(options === undefined ? [] : ['--import', register]), ...writerArguments(order)],
      [file, report],
      directory.path,
      { ...process.env, NFVT_LMDB_OPTIONS: JSON.stringify(options ?? {}) },
    );
    const states = new CrashStates(initial, ofFile(calls, file));
    const told = ofFile(calls, report).flatMap((call) =>
      call.kind === 'write'
        ? [{ instant: call.begin, line: parseLine(call.bytes.toString()) }]
        : [],
    );
    assert.equal(told.filter(({ line }) => line.kind === 'ack').length, txns);
    // The recording is complete: with all of it, the file is what it is.
    const [, everything = nothing] = LUCK;
    const last = states.at(Infinity, everything, Math.random);
    assert.ok(last.equals(await readFile(file)), 'the trace does not explain the file');
    const instants = calls.flatMap(({ begin, end }) => [begin, end]);
    return { states, told, instants: [...new Set(instants)].sort((a, b) => a - b) };
  }

  /** Puts together and checks `count` states; answers what was wrong. */
  async function check({ states, told, instants }: Recorded, count: number): Promise<string[]> {
    const random = seeded(SEED);
    const path = join(directory.path, 'crashed');
    await mkdir(path, { mode: 0o700 });
    const failures: string[] = [];
    for (let n = 0; n < count; n++) {
      const instant = instants[upTo(random, instants.length)] ?? 0;
      const luck = LUCK[upTo(random, LUCK.length)] ?? nothing;
      await writeFile(join(path, 'data.mdb'), states.at(instant, luck, random), { mode: 0o600 });
      const before = told.filter((one) => one.instant <= instant).map((one) => one.line);
      try {
        await checkState(path, before, n % WHOLE_EVERY === 0);
      } catch (error) {
        failures.push(`instant ${instant}, ${luck.name}: ${messageOf(error)}`);
      }
    }
    return failures;
  }
});

const nothing: Luck = { name: 'nothing', pieceBytes: 512, chance: 0 };

const ofFile = (calls: readonly TracedCall[], file: string): TracedCall[] =>
  calls.filter((call) => call.file === file).sort((a, b) => a.begin - b.begin);

const messageOf = (error: unknown): string =>
  error instanceof NfvError ? `${error.code} ${error.message}` : String(error);

async function checkState(
  path: string,
  told: readonly WriterLine[],
  whole: boolean,
): Promise<void> {
  const { state } = await verifyDataFile(join(path, 'data.mdb'));
  const most = toldRevision(told);
  assert.ok(state.revision >= most, `revision ${state.revision}, but ${most} was told`);
  const opened = told.flatMap((line) => (line.kind === 'open' ? [line.epoch] : []));
  assert.ok(state.epoch >= Math.max(0, ...opened), `epoch ${state.epoch}, a later one was told`);
  await checkLastAcks(path, told);
  if (!whole) return;
  const store = await openLmdbStore({ path });
  try {
    await checkAcks(store, told);
    assert.equal(await put(store, 'after', 'the loss'), store.status().revision);
  } finally {
    await store.close();
  }
}

/** Without LMDB: the last few acknowledged transactions are there with their values. */
async function checkLastAcks(path: string, told: readonly WriterLine[]): Promise<void> {
  const reader = openLmdbReader({ path });
  try {
    const { compactRevision } = reader.status();
    const acks = told.flatMap((line) => (line.kind === 'ack' ? [line] : [])).slice(-6);
    for (const { revision, ops } of acks) {
      if (revision < compactRevision) continue;
      for (const op of ops) {
        if (op.kind !== 'put') continue;
        const kv = await reader.get(op.key, revision);
        assert.equal(kv?.value, op.value, `${op.key} at ${revision}, which was told`);
      }
    }
  } finally {
    await reader.close();
  }
}
