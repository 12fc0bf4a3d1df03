/** The two threads behind one connection through libvppapiclient. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { NfvError } from '../../errors.js';
import { vacText } from './library.js';
import { Marks } from './marks.js';
import { fromCaller, fromReader, type ThreadData, type ToCaller } from './protocol.js';
import { Ring } from './ring.js';

export interface ThreadEvents {
  message(message: Buffer): void;
  /** `backlog` went down. */
  sent(): void;
  /** A thread has ended, or what came could not be taken. */
  failed(error: NfvError): void;
}

const RING_BYTES = 8 * 1024 * 1024;
/** Messages handed over before other work of the event loop has its turn. */
const DRAIN_AT_ONCE = 1024;

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: NfvError): void;
}

export class Threads {
  readonly #ring = new Ring(Ring.allocate(RING_BYTES));
  readonly #data: ThreadData;
  readonly #events: ThreadEvents;
  readonly #caller: Worker;
  #reader: Worker | undefined;
  #connecting: Waiter<number> | undefined;
  readonly #resolving: Waiter<Int32Array>[] = [];
  #backlog = 0;
  #isPaused = false;
  #isStopping = false;
  #isDraining = false;

  constructor(options: Omit<ThreadData, 'ring' | 'marks'>, events: ThreadEvents) {
    this.#events = events;
    this.#data = { ...options, ring: this.#ring.memory, marks: Marks.allocate() };
    this.#caller = this.#start('./caller-thread.js');
    this.#caller.on('message', (value: unknown) => {
      this.#fromCaller(value);
    });
  }

  /** Bytes handed over that VPP does not have yet. */
  get backlog(): number {
    return this.#backlog;
  }

  /** @throws NfvError VPP_UNREACHABLE when VPP cannot be reached so, VPP_CONNECTION_LOST */
  async connect(): Promise<void> {
    const code = await new Promise<number>((resolve, reject) => {
      this.#connecting = { resolve, reject };
      this.#post({ kind: 'connect' });
    });
    if (code !== 0) {
      throw new NfvError('VPP_UNREACHABLE', `vac_connect: ${vacText(code)}`);
    }
    this.#reader = this.#start('./reader-thread.js');
    this.#reader.on('message', (value: unknown) => {
      this.#fromReader(value);
    });
    this.#wake();
  }

  /** Ids of the keys that VPP has. @throws NfvError VPP_CONNECTION_LOST */
  async resolve(keys: readonly string[]): Promise<Map<string, number>> {
    const ids = await new Promise<Int32Array>((resolve, reject) => {
      this.#resolving.push({ resolve, reject });
      this.#post({ kind: 'resolve', keys: [...keys] });
    });
    const table = new Map<string, number>();
    for (const [i, key] of keys.entries()) {
      const id = ids[i] ?? -1;
      if (id >= 0) table.set(key, id);
    }
    return table;
  }

  /** Copies the frames. */
  send(frames: Uint8Array): void {
    this.#backlog += frames.byteLength;
    const copy = new Uint8Array(frames);
    this.#post({ kind: 'send', frames: copy }, [copy.buffer]);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wake();
  }

  /** Disconnects and ends the threads; takes a second or two, longer only if VPP blocks them. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#ring.stop();
    if (this.#reader !== undefined) {
      this.#post({ kind: 'wake' });
      await ended(this.#reader);
    }
    this.#post({ kind: 'disconnect' });
    await ended(this.#caller);
  }

  #start(file: string): Worker {
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.#data });
    worker.on('error', (cause) => {
      this.#failed(cause instanceof Error ? cause.message : String(cause), cause);
    });
    worker.on('exit', () => {
      this.#failed('a thread of the connection ended');
    });
    return worker;
  }

  #post(message: ToCaller, transfer: readonly ArrayBuffer[] = []): void {
    this.#caller.postMessage(message, [...transfer]);
  }

  #fromCaller(value: unknown): void {
    const message = fromCaller.parse(value);
    switch (message.kind) {
      case 'connected':
        this.#connecting?.resolve(message.code);
        this.#connecting = undefined;
        break;
      case 'resolved':
        this.#resolving.shift()?.resolve(message.ids);
        break;
      case 'sent':
        this.#backlog -= message.bytes;
        this.#events.sent();
        break;
      case 'failed':
        this.#failed(message.reason);
        break;
      case 'disconnected':
        break;
    }
  }

  #fromReader(value: unknown): void {
    const message = fromReader.parse(value);
    if (message.kind === 'awake') this.#wake();
    else this.#failed(message.reason);
  }

  #failed(reason: string, cause?: unknown): void {
    if (this.#isStopping) return;
    const text = `libvppapiclient: ${reason}`;
    const error = new NfvError('VPP_CONNECTION_LOST', text, { cause });
    this.#connecting?.reject(error);
    this.#connecting = undefined;
    for (const waiter of this.#resolving.splice(0)) waiter.reject(error);
    this.#events.failed(error);
  }

  #wake(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    setImmediate(() => {
      this.#drain();
    });
  }

  #drain(): void {
    this.#isDraining = false;
    if (this.#isStopping || this.#isPaused) return;
    try {
      const count = this.#ring.drain(DRAIN_AT_ONCE, (message) => {
        this.#events.message(message);
      });
      if (count === DRAIN_AT_ONCE || !this.#ring.sleep()) this.#wake();
    } catch (thrown) {
      this.#events.failed(NfvError.from(thrown));
    }
  }
}

async function ended(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  await once(worker, 'exit');
}
