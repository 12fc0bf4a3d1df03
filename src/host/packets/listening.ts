/** Sockets at interfaces, and what comes in at them. It blocks: it has a thread of its own. */
import { NfvError } from '../../errors.js';
import { addressBytes, sightingFilter, SNAP_BYTES } from './filter.js';
import { announcement, ownerIn, question } from './frames.js';
import type { Libc } from './libc.js';
import type { FromListener, Lookout, ToListener } from './messages.js';

/** Frames that are read of one interface at a time; whose guest sends more has to wait. */
const BATCH = 32;
/** For so long, in milliseconds. */
const PAUSE_MS = 100;
/** How often interfaces that are not there are looked for, in milliseconds. */
const RETRY_MS = 200;

interface Open {
  readonly index: number;
  readonly fd: number;
  /** By the bytes of the wire, in hex. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Not read before this time. */
  pausedUntil: number;
}

export class Listening {
  /** By interface. */
  #wanted = new Map<string, Lookout>();
  readonly #open = new Map<string, Open>();
  /** Why an interface cannot be listened at: told once for each reason. */
  readonly #deaf = new Map<string, string>();
  readonly #frame = Buffer.alloc(SNAP_BYTES);
  #lookedAt = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly libc: Libc,
    private readonly tell: (message: FromListener) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Waits for frames, for the bell, or until something is due; then hands on what there is. */
  wait(bell: number): void {
    const now = this.now();
    const ready = [...this.#open].filter(([, { pausedUntil }]) => pausedUntil <= now);
    const fds = [bell, ...ready.map(([, { fd }]) => fd)];
    const readable = this.libc.wait(fds, this.#restMs(now));
    if (readable.has(bell)) this.libc.silence(bell);
    for (const [name, open] of ready) if (readable.has(open.fd)) this.#read(name, open);
    if (this.#isMissing() && this.now() >= this.#lookedAt + RETRY_MS) this.#openAll();
  }

  /** @returns false: it is over */
  told(message: ToListener): boolean {
    switch (message.kind) {
      case 'watch':
        this.#watch(message.lookouts);
        return true;
      case 'ask':
        for (const name of message.interfaces) this.#askAt(this.#open.get(name));
        return true;
      case 'announce':
        this.#announce(message);
        return true;
      case 'stop':
        this.#watch([]);
        return false;
    }
  }

  #restMs(now: number): number {
    const times = [...this.#open.values()].map(({ pausedUntil }) => pausedUntil);
    const due = times.filter((time) => time > now);
    if (this.#isMissing()) due.push(this.#lookedAt + RETRY_MS);
    return due.length === 0 ? -1 : Math.max(0, Math.ceil(Math.min(...due) - now));
  }

  #isMissing(): boolean {
    return this.#open.size < this.#wanted.size;
  }

  #watch(lookouts: readonly Lookout[]): void {
    const before = this.#wanted;
    this.#wanted = new Map(lookouts.map((each) => [each.interface, each]));
    for (const [name, open] of this.#open) {
      const same = before.get(name)?.addresses.join() === this.#wanted.get(name)?.addresses.join();
      if (!same || this.libc.indexOf(name) !== open.index) this.#close(name, open);
    }
    this.#openAll();
  }

  #openAll(): void {
    this.#lookedAt = this.now();
    for (const [name, { addresses }] of this.#wanted) {
      if (this.#open.has(name)) continue;
      const index = this.libc.indexOf(name);
      if (index === 0) continue;
      try {
        const fd = this.libc.listen(index, sightingFilter(addresses));
        const bytes = addresses.map((each) => [addressBytes(each).toString('hex'), each] as const);
        this.#open.set(name, { index, fd, addresses: new Map(bytes), pausedUntil: 0 });
        this.#deaf.delete(name);
        this.#askAt(this.#open.get(name));
      } catch (thrown) {
        const reason = NfvError.from(thrown).message;
        if (this.#deaf.get(name) === reason) continue;
        this.#deaf.set(name, reason);
        this.tell({ kind: 'deaf', interface: name, reason });
      }
    }
  }

  /** What a guest has already, it has told before anybody listened. */
  #askAt(open: Open | undefined): void {
    if (open === undefined) return;
    const { index, fd, addresses } = open;
    try {
      const mac = this.libc.macOf(fd);
      for (const ip of addresses.values()) this.libc.send(index, question(ip, mac));
    } catch {
      // The interface is down: its guest cannot have told anything, and tells when it is up.
    }
  }

  #close(name: string, { fd }: Open): void {
    this.libc.close(fd);
    this.#open.delete(name);
  }

  #read(name: string, open: Open): void {
    const seen = new Map<string, FromListener>();
    let count = 0;
    for (; count < BATCH; count++) {
      const frame = this.libc.receive(open.fd, this.#frame);
      if (frame === undefined) break;
      const owner = ownerIn(frame);
      const ip = owner && open.addresses.get(owner.ip.toString('hex'));
      if (owner === undefined || ip === undefined) continue;
      // One machine may answer with several MACs, of which it may have only one, by whichever interface.
      const what = `${ip} ${owner.mac}`;
      seen.delete(what);
      seen.set(what, { kind: 'seen', interface: name, ip, mac: owner.mac });
    }
    for (const message of seen.values()) this.tell(message);
    if (count === BATCH) open.pausedUntil = this.now() + PAUSE_MS;
    // Down: the kernel goes on with it once it is up. Gone: another may come in its place.
    if (count === 0 && this.libc.indexOf(name) !== open.index) this.#close(name, open);
  }

  #announce(told: Extract<ToListener, { kind: 'announce' }>): void {
    const { id, interface: name, ip, mac, isRouter } = told;
    let reason = '';
    try {
      const index = this.libc.indexOf(name);
      // Who could be told has gone with it.
      if (index !== 0) this.libc.send(index, announcement(ip, mac, isRouter));
    } catch (thrown) {
      reason = NfvError.from(thrown).message;
    }
    this.tell({ kind: 'announced', id, reason });
  }
}
