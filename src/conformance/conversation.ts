/** One session, NVA's end: what came so far, what is to come, and by when. */
import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import type { Item } from '../model/item.js';
import {
  MAX_ENTRIES,
  PROTOCOL_VERSION,
  type Delta,
  type DeltaReply,
  type FromNve,
  type Hello,
  type ItemReport,
  type Welcome,
} from '../model/southbound.js';
import type { Query, QueryReply } from '../model/query.js';
import type { ExaminerStream } from '../rpc/conformance-server.js';
import type { FromExaminer } from '../rpc/convert/malformed.js';
import { STORE_ID } from './store-id.js';
import { violation } from './violation.js';

/** Of docs/errors.md, or the NVE's own. */
export const CODE = /^[A-Z][A-Z0-9_]*$/;

type Of<K extends FromNve['kind']> = Extract<FromNve, { readonly kind: K }>;

/** What a session has to know of the examiner. */
export interface Examiner {
  readonly epoch: number;
  /** Of what the NVE was told last. */
  readonly revision: number;
  nextRevision(): number;
  readonly options: {
    /** Milliseconds that the NVE has for what is expected of it. */
    readonly patienceMs: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  };
}

export class Conversation {
  /** All that came, in its order. */
  readonly received: FromNve[] = [];
  /** What each key was reported as last. */
  readonly #reports = new Map<string, ItemReport>();
  readonly #waiters = new Set<() => void>();
  #settled = 0;
  #sequence = 0;
  #queries = 0;
  /** Resolved: it reads. */
  #reading: Promise<void> = Promise.resolve();
  #isOver = false;
  /** Why it is over, if the NVE did not just end it. */
  #failure: NfvError | undefined;
  #hello: Hello | undefined;

  constructor(
    private readonly stream: ExaminerStream,
    private readonly examiner: Examiner,
  ) {
    void this.#read();
  }

  /** The NVE's first message. @throws NfvError NVE_NOT_CONFORMING */
  async greeted(): Promise<Hello> {
    await this.until('hello', () => this.received.length > 0);
    const [first] = this.received;
    if (first?.kind !== 'hello') throw violation(`${first?.kind ?? 'nothing'} before hello`);
    this.#hello = first;
    return first;
  }

  /** Its hello. */
  get greeting(): Hello {
    if (this.#hello === undefined) throw new NfvError('INTERNAL', 'nobody waited for hello');
    return this.#hello;
  }

  welcome(change: Partial<Welcome> = {}): Promise<void> {
    return this.send({
      kind: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      epoch: { storeId: STORE_ID, number: this.examiner.epoch },
      revision: this.examiner.revision,
      sendHeldItems: true,
      maxInFlight: 4,
      ...change,
    });
  }

  /** The next delta; its sequence is counted here. @returns its sequence */
  async delta(upserts: readonly Item[], change: Partial<Delta> = {}): Promise<number> {
    this.#sequence = change.sequence ?? this.#sequence + 1;
    await this.send({
      kind: 'delta',
      sequence: this.#sequence,
      epoch: this.examiner.epoch,
      revision: change.revision ?? this.examiner.nextRevision(),
      upserts,
      removes: [],
      complete: true,
      ...change,
    });
    return this.#sequence;
  }

  /** The number of a delta that is sent in some other way. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** @throws NfvError NVE_NOT_CONFORMING: the stream is over */
  async send(message: FromExaminer): Promise<void> {
    try {
      await this.stream.send(message);
    } catch (thrown) {
      throw new NfvError('NVE_NOT_CONFORMING', `the NVE ended the session before ${message.kind}`, {
        cause: this.#failure ?? thrown,
      });
    }
  }

  /** Stores a change, and has it tried. @throws NfvError NVE_NOT_CONFORMING */
  async change(upserts: readonly Item[], removes: readonly string[] = []): Promise<void> {
    const sequence = await this.delta(upserts, { removes });
    await this.stored(sequence);
    await this.settled();
  }

  /** The answer to a delta. */
  async reply(sequence: number): Promise<DeltaReply> {
    const find = (): DeltaReply | undefined =>
      this.of('delta_reply').find((each) => each.sequence === sequence);
    await this.until(`the reply to delta ${sequence}`, () => find() !== undefined);
    const found = find();
    if (found === undefined) throw violation(`no reply to delta ${sequence}`);
    return found;
  }

  /** @throws NfvError NVE_NOT_CONFORMING: it was refused */
  async stored(sequence: number): Promise<void> {
    const { error } = await this.reply(sequence);
    if (error === undefined) return;
    throw violation(`delta ${sequence} is refused: ${error.code} ${error.message}`);
  }

  /** @throws NfvError NVE_NOT_CONFORMING: it was not refused, by an answer that says why */
  async refused(sequence: number, about: string): Promise<void> {
    const { error } = await this.reply(sequence);
    if (error === undefined) throw violation(`${about} is stored`);
    if (!CODE.test(error.code)) throw violation(`${about} is refused with "${error.code}"`);
  }

  /** All that was sent has been tried. */
  async settled(revision = this.examiner.revision): Promise<void> {
    await this.until(`reports up to revision ${revision}`, () => this.#settled >= revision);
  }

  /** Highest `settled_revision` so far. */
  get settledRevision(): number {
    return this.#settled;
  }

  /** What an item was reported as last in this session. */
  reportOf(key: string): ItemReport | undefined {
    return this.#reports.get(key);
  }

  async query(what: Query['what'], keys: readonly string[]): Promise<QueryReply> {
    const id = this.nextQuery();
    await this.send({ kind: 'query', id, what, keys, paths: [] });
    return await this.answer(id);
  }

  nextQuery(): number {
    return ++this.#queries;
  }

  async answer(id: number): Promise<QueryReply> {
    const find = (): QueryReply | undefined =>
      this.of('query_reply').find((each) => each.id === id);
    await this.until(`the answer to query ${id}`, () => find() !== undefined);
    const found = find();
    if (found === undefined) throw violation(`no answer to query ${id}`);
    return found;
  }

  /** What it says that it holds, when it is asked. */
  async heldItems(): Promise<Of<'held_items'>['entries']> {
    await this.until('held_items, last', () => this.of('held_items').some(({ last }) => last));
    return this.of('held_items').flatMap(({ entries }) => entries);
  }

  /** Compares, and sends what differs in as many deltas as it takes; all is stored and tried. */
  async synchronize(items: readonly Item[]): Promise<void> {
    const revision = this.examiner.nextRevision();
    await this.welcome({ revision });
    const held = new Map((await this.heldItems()).map(({ key, version }) => [key, version]));
    const wanted = new Set(items.map(({ key }) => key));
    const upserts = items.filter(({ key, version }) => held.get(key) !== version);
    const removes = [...held.keys()].filter((key) => !wanted.has(key));
    const pages = Math.max(1, Math.ceil((upserts.length + removes.length) / MAX_ENTRIES));
    for (let page = 0; page < pages; page++) {
      const begin = page * MAX_ENTRIES;
      const end = begin + MAX_ENTRIES;
      const gone = removes.slice(
        Math.max(0, begin - upserts.length),
        Math.max(0, end - upserts.length),
      );
      const complete = page === pages - 1;
      const content = upserts.slice(begin, end);
      // Of this revision it is only with the last one.
      const change = { removes: gone, revision: complete ? revision : 0, complete };
      await this.stored(await this.delta(content, change));
    }
    await this.settled(revision);
  }

  of<K extends FromNve['kind']>(kind: K): Of<K>[] {
    const is = (message: FromNve): message is Of<K> => message.kind === kind;
    return this.received.filter(is);
  }

  /** @throws NfvError NVE_NOT_CONFORMING: not in time, or the session ended */
  async until(what: string, check: () => boolean): Promise<void> {
    await this.wait(() => check() || this.#isOver, what);
    if (check()) return;
    throw new NfvError('NVE_NOT_CONFORMING', `the session ended before ${what}`, {
      ...(this.#failure === undefined ? {} : { cause: this.#failure }),
    });
  }

  /** The NVE ends the session. @throws NfvError NVE_NOT_CONFORMING: it does not */
  async ended(why: string): Promise<void> {
    await this.wait(() => this.#isOver, `the session's end: ${why}`);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads nothing more until what is returned is called. */
  pause(): () => void {
    let go = (): void => undefined;
    this.#reading = new Promise((resolve) => (go = resolve));
    return () => {
      go();
    };
  }

  /** Ends it from our end. */
  async end(error?: NfvError): Promise<void> {
    this.stream.end(error);
    await this.wait(() => this.#isOver, 'its end of the session');
  }

  /** @throws NfvError NVE_NOT_CONFORMING when it takes too long; the reason of the lab's signal */
  async wait(check: () => boolean, what: string): Promise<void> {
    const { clock, patienceMs, signal } = this.examiner.options;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void): void => {
        cancel();
        this.#waiters.delete(look);
        signal.removeEventListener('abort', abort);
        act();
      };
      const abort = (): void => {
        settle(() => {
          reject(NfvError.from(signal.reason));
        });
      };
      const look = (): void => {
        if (check()) settle(resolve);
      };
      const cancel = clock.after(patienceMs, () => {
        settle(() => {
          reject(violation(`not within ${patienceMs / 1000} s: ${what}`));
        });
      });
      this.#waiters.add(look);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      else look();
    });
  }

  async #read(): Promise<void> {
    try {
      for await (const message of this.stream.incoming) {
        await this.#reading;
        this.#take(message);
      }
    } catch (thrown) {
      this.#failure = NfvError.from(thrown);
    }
    this.#isOver = true;
    // The NVE waits for our half.
    this.stream.end();
    this.#tell();
  }

  #take(message: FromNve): void {
    this.received.push(message);
    if (message.kind === 'item_reports') {
      for (const report of message.entries) this.#reports.set(report.key, report);
      this.#settled = Math.max(this.#settled, message.settledRevision);
    }
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#waiters]) look();
  }
}
