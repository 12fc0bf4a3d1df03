/**
 * How long it takes from the commit of an endpoint until all NVEs that it changes something for have
 * reported that applied.
 */
import type { ItemDelta } from './compiler/deltas.js';

export interface AttachTimesDeps {
  /** Whether the NVE has the item as it should have it now. */
  isApplied(nve: string, key: string): boolean;
  /** @param ms since the commit */
  appliedOn(nve: string, ms: number): void;
  /** By the last of them. */
  appliedByAll(ms: number): void;
}

interface Attach {
  readonly endpoint: string;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** What each NVE has not applied yet; one that has it all is not in it. */
  readonly open: Map<string, Set<string>>;
}

/** Attachments under way; of more, the oldest is given up, and counted. */
const MAX_OPEN = 10_000;

export class AttachTimes {
  readonly #attaches = new Map<string, Attach>();
  /** By NVE and item. */
  readonly #waiting = new Map<string, Map<string, Set<Attach>>>();
  #givenUp = 0;

  constructor(private readonly deps: AttachTimesDeps) {}

  get underWay(): number {
    return this.#attaches.size;
  }

  get givenUp(): number {
    return this.#givenUp;
  }

  /** The endpoint is another one now; a wait for what it was is over. */
  changed(endpoint: string, deltas: ReadonlyMap<string, ItemDelta>, since: number): void {
    this.gone(endpoint);
    if (deltas.size === 0) return;
    const attach: Attach = { endpoint, since, open: new Map() };
    this.#attaches.set(endpoint, attach);
    for (const [nve, { upserts, removes }] of deltas) {
      const keys = new Set([...upserts.keys(), ...removes]);
      attach.open.set(nve, keys);
      for (const key of keys) this.#waitersOf(nve, key).add(attach);
    }
    if (this.#attaches.size <= MAX_OPEN) return;
    const [oldest] = this.#attaches.keys();
    if (oldest === undefined) return;
    this.gone(oldest);
    this.#givenUp++;
  }

  gone(endpoint: string): void {
    const attach = this.#attaches.get(endpoint);
    if (attach === undefined) return;
    this.#attaches.delete(endpoint);
    for (const [nve, keys] of attach.open) {
      for (const key of keys) this.#forget(nve, key, attach);
    }
  }

  /** The state of these items of an NVE may have changed. */
  progressed(nve: string, keys: readonly string[] | 'all', now: number): void {
    const waiting = this.#waiting.get(nve);
    if (waiting === undefined) return;
    for (const key of keys === 'all' ? [...waiting.keys()] : keys) {
      const attaches = waiting.get(key);
      if (attaches === undefined || !this.deps.isApplied(nve, key)) continue;
      for (const attach of [...attaches]) this.#applied(attach, nve, key, now);
    }
  }

  /** There is no such NVE any more. */
  forget(nve: string, now: number): void {
    for (const [key, attaches] of [...(this.#waiting.get(nve) ?? [])]) {
      for (const attach of [...attaches]) {
        this.#forget(nve, key, attach);
        attach.open.delete(nve);
        this.#finish(attach, now);
      }
    }
  }

  #applied(attach: Attach, nve: string, key: string, now: number): void {
    this.#forget(nve, key, attach);
    const keys = attach.open.get(nve);
    keys?.delete(key);
    if (keys === undefined || keys.size > 0) return;
    attach.open.delete(nve);
    this.deps.appliedOn(nve, now - attach.since);
    this.#finish(attach, now);
  }

  #finish(attach: Attach, now: number): void {
    if (attach.open.size > 0 || this.#attaches.get(attach.endpoint) !== attach) return;
    this.#attaches.delete(attach.endpoint);
    this.deps.appliedByAll(now - attach.since);
  }

  #waitersOf(nve: string, key: string): Set<Attach> {
    const ofNve = this.#waiting.get(nve) ?? new Map<string, Set<Attach>>();
    this.#waiting.set(nve, ofNve);
    const attaches = ofNve.get(key) ?? new Set();
    ofNve.set(key, attaches);
    return attaches;
  }

  #forget(nve: string, key: string, attach: Attach): void {
    const ofNve = this.#waiting.get(nve);
    const attaches = ofNve?.get(key);
    attaches?.delete(attach);
    if (attaches?.size === 0) ofNve?.delete(key);
    if (ofNve?.size === 0) this.#waiting.delete(nve);
  }
}
