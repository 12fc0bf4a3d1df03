/**
 * Sees which addresses guests say that they have, at interfaces of the host, and tells guests of others. The
 * frames are read in a thread of their own, which is there while it is needed; so is koffi, with the calls.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { NfvError } from '../../errors.js';
import type { Libc } from './libc.js';
import { fromListener, type Lookout, type ToListener } from './messages.js';

export interface PacketEvents {
  /** Each time a guest says that it has the address. */
  seen(at: string, ip: string, mac: string): void;
  /** An interface cannot be listened at, or none any more: told once for each reason. */
  deaf(at: string, error: NfvError): void;
}

interface Running {
  readonly worker: Worker;
  readonly libc: Libc;
  readonly bell: number;
}

/** Faults of the thread after which it is not begun again by itself. */
const MAX_FAULTS = 5;
/** Announcements that may be under way. */
const MAX_ANNOUNCING = 10_000;

export class PacketListener {
  #running: Promise<Running> | undefined;
  #lookouts: readonly Lookout[] = [];
  readonly #announcing = new Map<number, (reason: string) => void>();
  #announcements = 0;
  #faults = 0;
  #closed = false;

  constructor(private readonly events: PacketEvents) {}

  /** At these interfaces, and no others; they need not be there yet. */
  watch(lookouts: readonly Lookout[]): void {
    this.#lookouts = lookouts;
    if (lookouts.length === 0 && this.#running === undefined) return;
    this.#post({ kind: 'watch', lookouts }).catch((thrown: unknown) => {
      this.events.deaf('', NfvError.from(thrown));
    });
  }

  /** Asks the guests at these of the interfaces, as far as they are listened at. */
  ask(interfaces: readonly string[]): void {
    if (this.#running === undefined || interfaces.length === 0) return;
    this.#post({ kind: 'ask', interfaces }).catch((thrown: unknown) => {
      this.events.deaf('', NfvError.from(thrown));
    });
  }

  /**
   * Tells whoever is behind an interface which MAC an address has.
   * @throws NfvError KERNEL_REFUSED, TOO_MANY_REQUESTS
   */
  async announce(at: string, ip: string, mac: string, isRouter: boolean): Promise<void> {
    if (this.#announcing.size >= MAX_ANNOUNCING) {
      throw new NfvError('TOO_MANY_REQUESTS', `${MAX_ANNOUNCING} announcements are under way`);
    }
    const id = ++this.#announcements;
    const sent = new Promise<string>((resolve) => this.#announcing.set(id, resolve));
    try {
      await this.#post({ kind: 'announce', id, interface: at, ip, mac, isRouter });
      const reason = await sent;
      if (reason !== '') throw new NfvError('KERNEL_REFUSED', `${at}: ${reason}`);
    } finally {
      this.#announcing.delete(id);
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    if (running === undefined) return;
    const { worker, libc, bell } = running;
    const exited = once(worker, 'exit');
    worker.postMessage({ kind: 'stop' } satisfies ToListener);
    libc.ring(bell);
    await exited;
    libc.close(bell);
    for (const settle of this.#announcing.values()) settle('the thread has ended');
  }

  async #post(message: ToListener): Promise<void> {
    if (this.#closed) throw new NfvError('SHUTTING_DOWN', 'nothing is listened to any more');
    const { worker, libc, bell } = await (this.#running ??= this.#started());
    worker.postMessage(message);
    libc.ring(bell);
  }

  /** What could not be started is tried again with what is wanted next. */
  #started(): Promise<Running> {
    return this.#start().catch((thrown: unknown) => {
      this.#running = undefined;
      throw thrown;
    });
  }

  async #start(): Promise<Running> {
    const { loadLibc } = await import('./libc.js');
    const libc = loadLibc();
    const bell = libc.bell();
    const file = new URL('./listener-thread.js', import.meta.url);
    const worker = new Worker(file, { workerData: { bell } });
    worker.unref();
    worker.on('message', (value: unknown) => {
      this.#heard(value);
    });
    worker.on('error', (cause) => {
      this.#ended(NfvError.from(cause));
    });
    return { worker, libc, bell };
  }

  #heard(value: unknown): void {
    const message = fromListener.parse(value);
    switch (message.kind) {
      case 'seen':
        this.events.seen(message.interface, message.ip, message.mac);
        break;
      case 'announced':
        this.#announcing.get(message.id)?.(message.reason);
        break;
      case 'deaf':
        this.events.deaf(message.interface, new NfvError('KERNEL_REFUSED', message.reason));
        break;
    }
  }

  /** Of itself, by a fault: it begins anew a few times, then with what is wanted next. */
  #ended(error: NfvError): void {
    this.#running = undefined;
    for (const settle of this.#announcing.values()) settle(error.message);
    this.events.deaf('', error);
    const goesOn = !this.#closed && ++this.#faults <= MAX_FAULTS;
    if (goesOn && this.#lookouts.length > 0) this.watch(this.#lookouts);
  }
}
