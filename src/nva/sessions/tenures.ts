/**
 * Which replica of the NVA has the session of each NVE. A session begins with a claim in the store;
 * the latest one counts, and everything that is written about the NVE compares with it: a replica
 * that has lost an NVE to another, and does not know it yet, writes nothing.
 */
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Compare, Store, StoreEvent } from '../../store/store.js';
import { SESSIONS, sessionKey, specKey, specsOf } from '../keys.js';
import { RecordType } from '../records.js';
import { scan, scanIds } from '../scan.js';

interface Tenure {
  readonly process: string;
  /** Of the claim. */
  readonly revision: number;
}

const CLAIM = new RecordType<{ readonly process: string }>(
  "the claim of an NVE's session",
  z.object({ process: z.string() }),
);

const NVES = specsOf('nves');

/** Attempts to claim an NVE that others are changing. */
const MAX_ATTEMPTS = 5;

export class Tenures {
  readonly #latest = new Map<string, Tenure>();
  /** Claims of this process, where there are no others to hear of them. */
  #own = 0;

  constructor(
    private readonly store: Store,
    /** Another replica has the session now. */
    private readonly onLost: (nve: string) => void,
  ) {}

  /** Reads the claims as of a revision. Those in a store of one process were copied there, and count for nobody. */
  async load(revision: number, signal: AbortSignal): Promise<void> {
    if (this.store.peers === undefined) {
      await this.#forgetDeleted(revision, signal);
      return;
    }
    const there = new Set<string>();
    for await (const kv of scan(this.store, SESSIONS, { revision, signal })) {
      this.#see(kv.key, kv.value, kv.modRevision);
      there.add(kv.key.slice(SESSIONS.length));
    }
    if (signal.aborted) return;
    // What is claimed meanwhile stays: whoever claims it relies on that.
    for (const [nve, tenure] of this.#latest) {
      if (!there.has(nve) && tenure.revision <= revision) this.#latest.delete(nve);
    }
  }

  /**
   * The session is ours from now on, until somebody claims it again.
   * @returns the revision of the claim; in a store of one process, which has no claims in it, its number
   * @throws NfvError NOT_FOUND, WRITE_CONFLICT
   */
  async claim(nve: string): Promise<number> {
    const { peers } = this.store;
    if (peers === undefined) {
      this.#latest.set(nve, { process: '', revision: ++this.#own });
      return this.#own;
    }
    const key = specKey('nves', nve);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const spec = await this.store.get(key);
      if (spec === undefined) throw new NfvError('NOT_FOUND', `nves/${nve} does not exist`);
      const value = CLAIM.encode({ process: peers.self });
      const { succeeded, revision } = await this.store.txn({
        compare: [{ kind: 'revision', key, revision: spec.modRevision }],
        ops: [{ kind: 'put', key: sessionKey(nve), value }],
      });
      if (!succeeded) continue;
      this.#note(nve, { process: peers.self, revision });
      return revision;
    }
    throw new NfvError('WRITE_CONFLICT', `nves/${nve} is being changed by others`);
  }

  /** What the store has told, in its order. */
  saw(event: StoreEvent, revision: number): void {
    const key = event.kind === 'put' ? event.kv.key : event.key;
    const isToldOfClaims = this.store.peers !== undefined;
    if (!isToldOfClaims && event.kind === 'delete' && key.startsWith(NVES)) {
      this.#latest.delete(key.slice(NVES.length));
    }
    if (!key.startsWith(SESSIONS)) return;
    if (event.kind === 'put') this.#see(key, event.kv.value, event.kv.modRevision);
    else this.#forget(key.slice(SESSIONS.length), revision);
  }

  /** The other replica that has it, by its name, if that is there. */
  whereIs(nve: string): string | undefined {
    const { peers } = this.store;
    const process = this.#latest.get(nve)?.process;
    if (peers === undefined || process === undefined || process === peers.self) return undefined;
    return peers.isAlive(process) ? process : undefined;
  }

  /** A replica that is there has it, and it is not this one. */
  isElsewhere(nve: string): boolean {
    return this.whereIs(nve) !== undefined;
  }

  /** The revision of the last claim; 0: none. */
  claimed(nve: string): number {
    return this.#latest.get(nve)?.revision ?? 0;
  }

  /** The same, where this replica has made it; undefined: another has. */
  ownClaim(nve: string): number | undefined {
    const { peers } = this.store;
    const latest = this.#latest.get(nve);
    if (peers === undefined || latest?.process === peers.self) return latest?.revision ?? 0;
    return undefined;
  }

  /**
   * The session of this claim does not begin.
   * @param isDeleted its NVE is no more: that may have been told before the claim was known here
   */
  abandon(nve: string, claim: number, isDeleted: boolean): void {
    if (this.#latest.get(nve)?.revision !== claim) return;
    // In a store of several the claim is there, and what is written compares with it.
    if (isDeleted || this.store.peers === undefined) this.#latest.delete(nve);
  }

  /** NVEs whose last session was with a replica that is no longer there. */
  *orphans(): Generator<string> {
    const { peers } = this.store;
    if (peers === undefined) return;
    for (const [nve, { process }] of this.#latest) if (!peers.isAlive(process)) yield nve;
  }

  /**
   * What must hold for something to be written about the NVE: that nobody has claimed it since.
   * `elsewhere`: that is for others to write. Undefined: nobody else can.
   */
  guard(nve: string): Compare | 'elsewhere' | undefined {
    if (this.store.peers === undefined) return undefined;
    if (this.isElsewhere(nve)) return 'elsewhere';
    const revision = this.claimed(nve);
    return { kind: 'revision', key: sessionKey(nve), revision };
  }

  #see(key: string, value: string, revision: number): void {
    this.#note(key.slice(SESSIONS.length), { ...CLAIM.decode(key, value), revision });
  }

  #note(nve: string, tenure: Tenure): void {
    const before = this.#latest.get(nve);
    if (before !== undefined && before.revision >= tenure.revision) return;
    this.#latest.set(nve, tenure);
    if (tenure.process !== this.store.peers?.self) this.onLost(nve);
  }

  /** In a store of one process, whose deletions were not all told. */
  async #forgetDeleted(revision: number, signal: AbortSignal): Promise<void> {
    const before = this.#own;
    const there = new Set<string>();
    for await (const nve of scanIds(this.store, NVES, { revision, signal })) there.add(nve);
    if (signal.aborted) return;
    for (const [nve, claim] of this.#latest) {
      if (!there.has(nve) && claim.revision <= before) this.#latest.delete(nve);
    }
  }

  #forget(nve: string, revision: number): void {
    const before = this.#latest.get(nve);
    if (before !== undefined && before.revision < revision) this.#latest.delete(nve);
  }
}
