/**
 * Certificates that are replaced while they are in use: the files are looked at again and again, and what
 * is new there holds for every connection from then on. Those that are up stay up, but for peers whose
 * certificate has been revoked.
 */
import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import { pathsOf, readTls, readTlsBytes, stampOf } from './tls-files.js';
import { tlsMaterial, type TlsFiles, type TlsMaterial } from './tls-material.js';

/** Between looks at the files. What is replaced is in use after two of them. */
export const LOOK_MS = 2000;

export interface TlsSource {
  readonly current: TlsMaterial;
  /** Called after each change; the answer ends that. */
  onChange(listener: () => void): () => void;
  /**
   * A peer got no connection, since its certificate was not taken.
   * @param peer its address; empty: it is not known
   * @param reason OpenSSL's, such as `CERT_HAS_EXPIRED`
   */
  peerRefused(peer: string, reason: string): void;
}

/** What is to be logged. */
export interface TlsEvents {
  loaded(files: TlsFiles, material: TlsMaterial): void;
  /** The files cannot be used; what was there before them stays in use. Once for each state of the files. */
  refused(files: TlsFiles, error: NfvError): void;
  /** Less than a third of its time is left; again each day. */
  ending(what: Lasting, path: string, until: Date): void;
  /** Told at its end, and again each day. */
  ended(what: Lasting, path: string, until: Date): void;
  /** Once a minute for each reason. @param peers how many there were since it was told last, with this one */
  peerRefused(files: TlsFiles, peer: string, reason: string, peers: number): void;
}

export type Lasting = 'certificate' | 'revocation list';

export interface TlsKeeperOptions {
  readonly clock: Clock;
  readonly events: TlsEvents;
}

/** The files as they are now, once and for all. @throws NfvError FILE_UNREADABLE */
export function fixedTls(files: TlsFiles): TlsSource {
  return {
    current: readTls(files),
    onChange: () => () => undefined,
    peerRefused: () => undefined,
  };
}

const DAY_MS = 86_400_000;
/** Whoever reaches an address may try as often as it likes. */
const REFUSED_MS = 60_000;

/** All the files that one process uses, each set of them once. */
export class TlsKeeper {
  readonly #kept = new Map<string, KeptTls>();

  constructor(private readonly options: TlsKeeperOptions) {}

  /** @throws NfvError FILE_UNREADABLE */
  keep(files: TlsFiles): TlsSource {
    const key = pathsOf(files).join('\0');
    const there = this.#kept.get(key);
    if (there !== undefined) return there;
    const kept = new KeptTls(files, this.options);
    this.#kept.set(key, kept);
    return kept;
  }

  /** Our own certificates, and how long they are good, for metrics. */
  *validity(): Generator<{ readonly cert: string; readonly notAfter: Date }> {
    for (const { files, current } of this.#kept.values()) {
      yield { cert: files.cert, notAfter: current.notAfter };
    }
  }

  /** Looks no more. Ends when nothing is being read. */
  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((kept) => kept.close()));
  }
}

class KeptTls implements TlsSource {
  #current: TlsMaterial;
  readonly #listeners = new Set<() => void>();
  /** Of the files that were looked at last; empty: none were. */
  #seen = '';
  #said = '';
  readonly #warned = new Map<Lasting, Warning>();
  /** By the reason: OpenSSL has some eighty. */
  readonly #refusals = new Map<string, Refusals>();
  #cancel: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws NfvError FILE_UNREADABLE */
  constructor(
    readonly files: TlsFiles,
    private readonly options: TlsKeeperOptions,
  ) {
    this.#current = readTls(files);
    options.events.loaded(files, this.#current);
    this.#warn();
    this.#later();
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  peerRefused(peer: string, reason: string): void {
    const now = this.options.clock.monotonic();
    const last = this.#refusals.get(reason);
    const untold = (last?.untold ?? 0) + 1;
    if (last !== undefined && now - last.at < REFUSED_MS) {
      last.untold = untold;
      return;
    }
    this.#refusals.set(reason, { at: now, untold: 0 });
    this.options.events.peerRefused(this.files, peer, reason, untold);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#looking;
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.options.clock.after(LOOK_MS, () => {
      this.#looking = this.#look().finally(() => {
        this.#later();
      });
    });
  }

  async #look(): Promise<void> {
    this.#warn();
    try {
      const stamp = await stampOf(this.files);
      if (stamp === this.#seen) return;
      const bytes = await readTlsBytes(this.files);
      // They were replaced meanwhile: what was read may be half the old and half the new.
      if ((await stampOf(this.files)) !== stamp) return;
      this.#seen = stamp;
      this.#take(tlsMaterial(this.files, bytes));
    } catch (thrown) {
      this.#refuse(NfvError.from(thrown));
    }
  }

  /** @throws NfvError FILE_UNREADABLE for a certificate that is not good now, in place of one that is */
  #take(material: TlsMaterial): void {
    if (material.fingerprint === this.#current.fingerprint) {
      this.#said = '';
      return;
    }
    const now = this.options.clock.now();
    if (this.#current.isGoodAt(now) && !material.isGoodAt(now)) {
      const text = `${this.files.cert}: ${material.term}, and not now`;
      // It is taken when its time has come.
      if (material.notBefore.getTime() > now) this.#seen = '';
      throw new NfvError('FILE_UNREADABLE', text, { remedy: 'see that the clock is right' });
    }
    this.#current = material;
    this.#said = '';
    this.#warned.clear();
    this.options.events.loaded(this.files, material);
    this.#warn();
    for (const listener of [...this.#listeners]) listener();
  }

  #refuse(error: NfvError): void {
    if (error.message === this.#said) return;
    this.#said = error.message;
    this.options.events.refused(this.files, error);
  }

  #warn(): void {
    const { cert, crl = '' } = this.files;
    const { notBefore, notAfter, crlSince, crlUntil } = this.#current;
    this.#warnOf('certificate', cert, notBefore, notAfter);
    if (crlSince === undefined || crlUntil === undefined) return;
    this.#warnOf('revocation list', crl, crlSince, crlUntil);
  }

  #warnOf(what: Lasting, path: string, from: Date, until: Date): void {
    const now = this.options.clock.now();
    const event = until.getTime() <= now ? 'ended' : 'ending';
    if (event === 'ending' && !isEnding(from, until, now)) return;
    const last = this.#warned.get(what);
    if (last?.event === event && now - last.at < DAY_MS) return;
    this.#warned.set(what, { event, at: now });
    this.options.events[event](what, path, until);
  }
}

interface Warning {
  readonly event: 'ending' | 'ended';
  /** Unix time in milliseconds. */
  readonly at: number;
}

interface Refusals {
  /** When it was told, of the monotonic clock, in milliseconds. */
  readonly at: number;
  untold: number;
}

/** Less than a third is left. */
function isEnding(from: Date, until: Date, now: number): boolean {
  return until.getTime() - now < (until.getTime() - from.getTime()) / 3;
}
