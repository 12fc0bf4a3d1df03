/** VPP's API over shared memory: libvppapiclient, called from threads of its own. */
import { NfvError } from '../../errors.js';
import { claimLibrary, type Claim } from '../ffi/claim.js';
import { bootstrap } from '../ffi/bootstrap.js';
import { findLibrary, type LibraryOptions } from '../ffi/find-library.js';
import { regionInstance, regionPath } from '../ffi/shared-region.js';
import { Threads } from '../ffi/threads.js';
import { processInstance, watchProcess } from '../ffi/vpp-process.js';
import type { Timers } from '../timers.js';
import type { Link, LinkEvents, Transport } from './transport.js';

export interface FfiTransportOptions {
  readonly library: LibraryOptions;
  /** Shown by VPP's `show api clients`; at most 63 bytes count. */
  readonly clientName: string;
  /** `api-segment { prefix PREFIX }` of VPP's startup.conf. */
  readonly shmPrefix?: string;
  readonly timers: Timers;
  /** Milliseconds from the attempt to VPP's answers; default 15,000: the library itself waits 10 s. */
  readonly connectMs?: number;
}

const CONNECT_MS = 15_000;
const MAX_BACKLOG_BYTES = 1024 * 1024;

/** One connection in a process at a time, which is the library's own limit; more are refused. */
export class FfiTransport implements Transport {
  readonly name = 'libvppapiclient';

  /** The shared memory of the VPP that is known to be dead. */
  #dead: string | undefined;

  constructor(private readonly options: FfiTransportOptions) {}

  /** @throws NfvError also VPP_LIBRARY_MISSING, VPP_LIBRARY_BUSY */
  async connect(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const { library, connectMs = CONNECT_MS, timers } = this.options;
    const path = await findLibrary(library);
    const deadline = new AbortController();
    const text = `no answer through ${path} in ${connectMs} ms`;
    const cancelTimer = timers.after(connectMs, () => {
      deadline.abort(new NfvError('DEADLINE_EXCEEDED', text));
    });
    const abort = (): void => {
      deadline.abort(new NfvError('CANCELLED', `connecting through ${path} was given up`));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const region = await this.#livingRegion();
      const claim = await claimLibrary(deadline.signal);
      const onDeath = (): void => {
        this.#dead = region;
      };
      return await FfiLink.open(path, this.options, events, { claim, onDeath }, deadline.signal);
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', abort);
    }
  }

  async #livingRegion(): Promise<string> {
    const path = regionPath(this.options.shmPrefix ?? null);
    const region = await regionInstance(path);
    if (region !== this.#dead) return region;
    throw new NfvError('VPP_UNREACHABLE', `${path} is left of a VPP that is dead`);
  }
}

/** What a link has of its transport. */
interface Ties {
  readonly claim: Claim;
  /** VPP's process is gone. */
  onDeath(): void;
}

class FfiLink implements Link {
  readonly clientIndex = 0;
  instance = '';
  messageTable: ReadonlyMap<string, number> = new Map();
  readonly #threads: Threads;
  /** While the link is being set up. */
  #onMessage: (message: Buffer) => void;
  #reason: NfvError | undefined;
  #isOpen = false;
  #congested = false;
  #stopWatch: () => void = () => undefined;
  #failOpening: (error: NfvError) => void = () => undefined;

  static async open(
    library: string,
    options: FfiTransportOptions,
    events: LinkEvents,
    ties: Ties,
    signal: AbortSignal,
  ): Promise<FfiLink> {
    const link = new FfiLink(library, options, events, ties);
    const failed = new Promise<never>((_, reject) => (link.#failOpening = reject));
    const abort = (): void => {
      link.close(NfvError.from(signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      await Promise.race([link.#setUp(options), failed]);
      return link;
    } catch (thrown) {
      link.close(NfvError.from(thrown));
      throw thrown;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private constructor(
    library: string,
    { clientName, shmPrefix = null }: { clientName: string; shmPrefix?: string | null },
    private readonly events: LinkEvents,
    private readonly ties: Ties,
  ) {
    this.#onMessage = () => undefined;
    this.#threads = new Threads(
      { library, clientName, shmPrefix },
      {
        message: (message) => {
          if (this.#reason === undefined) this.#onMessage(message);
        },
        sent: () => {
          this.#onSent();
        },
        failed: (error) => {
          this.close(error);
        },
      },
    );
  }

  get backlog(): number {
    return this.#threads.backlog;
  }

  get congested(): boolean {
    return this.#congested;
  }

  send(frames: Buffer, release: () => void): void {
    if (this.#reason === undefined) {
      this.#threads.send(frames);
      if (this.#threads.backlog >= MAX_BACKLOG_BYTES) this.#congested = true;
    }
    release();
  }

  pause(): void {
    this.#threads.pause();
  }

  resume(): void {
    this.#threads.resume();
  }

  close(reason: NfvError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#stopWatch();
    this.#failOpening(reason);
    const giveUp = (): void => {
      this.ties.claim.giveUp();
    };
    this.ties.claim.leave();
    this.#threads.stop().then(giveUp, giveUp);
    if (!this.#isOpen) return;
    queueMicrotask(() => {
      this.events.closed(reason);
    });
  }

  async #setUp({ timers }: FfiTransportOptions): Promise<void> {
    await this.#threads.connect();
    const { pid, table } = await bootstrap(this.#threads, (listener) => {
      this.#onMessage = listener;
    });
    this.messageTable = table;
    await this.#watch(pid, timers);
    if (this.#reason !== undefined) throw this.#reason;
    this.#onMessage = (message) => {
      this.#deliver(message);
    };
    this.#isOpen = true;
  }

  /** A VPP that cannot be seen, in another PID namespace, is missed only by its silence. */
  async #watch(pid: number, timers: Timers): Promise<void> {
    const instance = await processInstance(pid);
    this.instance = instance ?? `${pid}`;
    // Closed meanwhile: nobody would stop it any more.
    if (instance === undefined || this.#reason !== undefined) return;
    this.#stopWatch = watchProcess(pid, instance, timers, () => {
      this.ties.onDeath();
      this.close(new NfvError('VPP_CONNECTION_LOST', `VPP, process ${pid}, is gone`));
    });
  }

  #deliver(message: Buffer): void {
    try {
      this.events.message(message);
    } catch (thrown) {
      this.close(NfvError.from(thrown));
    }
  }

  #onSent(): void {
    if (!this.#congested || this.#threads.backlog >= MAX_BACKLOG_BYTES) return;
    this.#congested = false;
    this.events.drain();
  }
}
