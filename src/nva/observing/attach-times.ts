/**
 * How long it takes from the commit of an endpoint until all NVEs that it changes something for have
 * reported that applied.
 */
import type { ItemDelta } from '../compiler/deltas.js';

export interface AttachTimesDeps {
  /** Whether the NVE has the item as it should have it now. */
  isApplied(nve: string, key: string): boolean;
  /** @param ms since the commit */
  appliedOn(nve: string, ms: number): void;
  /** By the last of them. */
  appliedByAll(ms: number): void;
}

interface Attach {
  /** Of one commit; those that have not changed again. */
  readonly endpoints: Set<string>;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** What each NVE has not applied yet; one that has it all is not in it. */
  readonly open: Map<string, Set<string>>;
}

/** Attachments under way; of more, the oldest is given up, and counted. */
const MAX_OPEN = 10_000;

export class AttachTimes {
  readonly #attaches = new Map<string, Attach>();
  /** By NVE and item; nearly all have one. */
  readonly #waiting = new Map<string, Map<string, readonly Attach[]>>();
  #givenUp = 0;

  constructor(private readonly deps: AttachTimesDeps) {}

  get underWay(): number {
    return this.#attaches.size;
  }

  get givenUp(): number {
    return this.#givenUp;
  }

  /** The endpoints are others now, by one commit; a wait for what they were is over. */
  changed(
    endpoints: readonly string[],
    deltas: ReadonlyMap<string, ItemDelta>,
    since: number,
  ): void {
    for (const endpoint of endpoints) this.gone(endpoint);
    if (deltas.size === 0 || endpoints.length === 0) return;
    const attach: Attach = { endpoints: new Set(endpoints), since, open: new Map() };
    for (const endpoint of endpoints) this.#attaches.set(endpoint, attach);
    for (const [nve, { upserts, removes }] of deltas) {
      const keys = new Set(upserts.keys());
      for (const key of removes) keys.add(key);
      attach.open.set(nve, keys);
      this.#await(nve, keys, attach);
    }
    this.#keepToBound();
  }

  #keepToBound(): void {
    for (const [oldest] of this.#attaches) {
      if (this.#attaches.size <= MAX_OPEN) return;
      this.gone(oldest);
      this.#givenUp++;
    }
  }

  gone(endpoint: string): void {
    const attach = this.#attaches.get(endpoint);
    if (attach === undefined) return;
    this.#attaches.delete(endpoint);
    attach.endpoints.delete(endpoint);
    if (attach.endpoints.size > 0) return;
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
      for (const attach of attaches) this.#applied(attach, nve, key, now);
    }
  }

  /** There is no such NVE any more. */
  forget(nve: string, now: number): void {
    for (const [key, attaches] of [...(this.#waiting.get(nve) ?? [])]) {
      for (const attach of attaches) {
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
    for (let n = 0; n < attach.endpoints.size; n++) this.deps.appliedOn(nve, now - attach.since);
    this.#finish(attach, now);
  }

  #finish(attach: Attach, now: number): void {
    if (attach.open.size > 0) return;
    for (const endpoint of attach.endpoints) {
      this.#attaches.delete(endpoint);
      this.deps.appliedByAll(now - attach.since);
    }
    attach.endpoints.clear();
  }

  #await(nve: string, keys: Iterable<string>, attach: Attach): void {
    const ofNve = this.#waiting.get(nve) ?? new Map<string, readonly Attach[]>();
    this.#waiting.set(nve, ofNve);
    const alone = [attach];
    for (const key of keys) {
      const others = ofNve.get(key);
      ofNve.set(key, others === undefined ? alone : [...others, attach]);
    }
  }

  #forget(nve: string, key: string, attach: Attach): void {
    const ofNve = this.#waiting.get(nve);
    const left = ofNve?.get(key)?.filter((other) => other !== attach);
    if (left === undefined || left.length === 0) ofNve?.delete(key);
    else ofNve?.set(key, left);
    if (ofNve?.size === 0) this.#waiting.delete(nve);
  }
}
