/** The NVE that is examined, and what the examiner has told it so far. */
import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';
import type { Item } from '../model/item.js';
import { Digest, type Hello } from '../model/southbound.js';
import type { ExaminerStream } from '../rpc/conformance-server.js';
import { Conversation, type Examiner } from './conversation.js';
import { STORE_ID } from './store-id.js';
import { violation } from './violation.js';

/** Streams that may wait to be taken; more come only from an NVE that opens several at a time. */
const MAX_WAITING = 16;

export interface LabOptions {
  /** The id of the NVE. */
  readonly target: string;
  /** The VTEP address it is given; absent: the first of the addresses that it tells. */
  readonly vtep?: string | undefined;
  /** The first of the VNIs that are used. */
  readonly vni: number;
  /** Milliseconds that the NVE has for what is expected of it. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What an NVE holds by its own word. */
export type Holding = Pick<Hello, 'epoch' | 'revision' | 'digest' | 'itemCount'>;

export class Lab implements Examiner {
  #waiting: ExaminerStream[] = [];
  #wake: () => void = () => undefined;
  #current: Conversation | undefined;
  #epoch = 0;
  #revision = 0;
  #vtep = '';
  #hello: Hello | undefined;

  constructor(readonly options: LabOptions) {}

  /** A stream that somebody has opened. */
  came(stream: ExaminerStream): void {
    if (this.#waiting.length >= MAX_WAITING) {
      stream.end(new NfvError('PROTOCOL_VIOLATION', 'too many streams at a time'));
      return;
    }
    this.#waiting.push(stream);
    this.#wake();
  }

  /** The epoch of the examiner's reign. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Of what it was told last. */
  get revision(): number {
    return this.#revision;
  }

  nextRevision(): number {
    return ++this.#revision;
  }

  /** A higher epoch, as if another process had taken over. */
  takeOver(): number {
    return ++this.#epoch;
  }

  get vtep(): string {
    return this.#vtep;
  }

  /** Its latest hello, once it has come. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Ends the session that there is, and waits until the NVE has said hello in the next one. */
  async meet(): Promise<Conversation> {
    await this.#current?.end();
    this.#current = undefined;
    const conversation = await this.#nextHello();
    this.#current = conversation;
    return conversation;
  }

  /** Ends the session; the NVE is left with what it holds. */
  async leave(): Promise<void> {
    await this.#current?.end();
    this.#current = undefined;
    for (const stream of this.#waiting.splice(0)) stream.end();
  }

  /**
   * A session in which the NVE holds just these items, stored and tried.
   * @throws NfvError NVE_NOT_CONFORMING
   */
  async inStep(items: readonly Item[]): Promise<Conversation> {
    const conversation = await this.meet();
    await conversation.synchronize(items);
    return conversation;
  }

  /** @throws NfvError NVE_NOT_CONFORMING: what it says that it holds is not this */
  checkHolding(hello: Holding, items: readonly Item[], about: string): void {
    const digest = digestOf(items);
    if (hello.digest === digest && hello.itemCount === items.length) return;
    throw violation(
      `${about}: hello tells ${hello.itemCount} items with digest ${hello.digest}, not ${items.length} with ${digest}`,
    );
  }

  /** Lets time go by. @throws the reason of the signal */
  pass(ms: number): Promise<void> {
    const { clock, signal } = this.options;
    return delay(clock, ms, signal);
  }

  async #nextHello(): Promise<Conversation> {
    const stream = await this.#nextStream();
    const conversation = new Conversation(stream, this);
    const hello = await conversation.greeted();
    const { target, vtep } = this.options;
    if (hello.nve !== target) {
      await conversation.end(new NfvError('NOT_FOUND', `"${target}" is examined here`));
      throw new NfvError('NVE_NOT_CONFORMING', `"${hello.nve}" said hello, not "${target}"`, {
        remedy: 'give the id of the NVE that connects as --target',
      });
    }
    this.#adopt(hello);
    this.#hello = hello;
    this.#vtep = vtep ?? hello.underlays.find(({ address }) => isUsable(address))?.address ?? '';
    return conversation;
  }

  /** What it holds of an earlier run is as good as what this one has told it. */
  #adopt({ epoch, revision }: Hello): void {
    if (epoch.storeId !== '' && epoch.storeId !== STORE_ID) {
      const text = `the NVE holds what another NVA, with the store ${epoch.storeId}, has told it`;
      throw new NfvError('FOREIGN_STORE', text, {
        remedy: 'examine an NVE that has nothing yet; see docs/nve-protocol.md#conformance',
      });
    }
    this.#epoch = Math.max(this.#epoch, epoch.number, 1);
    this.#revision = Math.max(this.#revision, revision);
  }

  #nextStream(): Promise<ExaminerStream> {
    const { clock, patienceMs, signal } = this.options;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        cancel();
        signal.removeEventListener('abort', abort);
        this.#wake = () => undefined;
        act();
      };
      const abort = (): void => {
        settle(() => {
          reject(NfvError.from(signal.reason));
        });
      };
      const take = (): void => {
        // Those that are over already are none to speak to.
        this.#waiting = this.#waiting.filter((each) => !each.signal.aborted);
        const stream = this.#waiting.shift();
        if (stream !== undefined) {
          settle(() => {
            resolve(stream);
          });
        }
      };
      const cancel = clock.after(patienceMs, () => {
        settle(() => {
          reject(violation(`no session within ${patienceMs / 1000} s: it does not come back`));
        });
      });
      signal.addEventListener('abort', abort, { once: true });
      this.#wake = take;
      if (signal.aborted) abort();
      else take();
    });
  }
}

export function digestOf(items: Iterable<Pick<Item, 'key' | 'version'>>): string {
  const digest = new Digest();
  for (const { key, version } of items) digest.toggle(key, version);
  return digest.text;
}

/** Peers can reach it (RFC 4291 §2.5.3 and §2.5.6, RFC 1122 §3.2.1.3). */
function isUsable(address: string): boolean {
  return !/^(127\.|::1$|fe[89ab])/i.test(address);
}
