/**
 * Who has the store open: each process has a key with a lease, which goes when it is killed. Keys
 * with a lease hold nothing but where it is reached: that one ran out tells that a process is silent, no more.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { EtcdApi } from '../../rpc/etcd/types.js';
import type { Peers } from '../store.js';
import { allOf, type Layout } from './layout.js';

/** Seconds for which a process is taken to be there after it was last heard of. */
const LEASE_S = 5;
/** Milliseconds of silence after which etcd is not waited for to say goodbye. */
const SILENT_MS = 3000;
const MAX_LEASE_ID = 2 ** 48 - 1;

/** Processes that are remembered to be gone; of one that was forgotten a look has to tell again. */
const MAX_ABSENT = 1000;

export class EtcdPeers implements Peers {
  readonly self = randomBytes(9).toString('base64url');
  readonly #callbacks = new Set<() => void>();
  /** With what each says of where it is reached; empty: nothing. */
  #alive: ReadonlyMap<string, string> = new Map([[this.self, '']]);
  /** Those that somebody has asked for, and that the last look may have been too early for. */
  readonly #asked = new Set<string>();
  /** Those that a look has not found, the oldest first. */
  readonly #absent = new Set<string>();
  #lease = 0;

  constructor(
    private readonly api: Pick<EtcdApi, 'ask' | 'grantLease' | 'keepLease' | 'revokeLease'>,
    private readonly layout: Layout,
    /** Milliseconds since etcd was last heard. */
    private readonly silence: () => number,
    readonly address = '',
  ) {}

  /** One that is heard of for the first time is there until a look has not found it. */
  isAlive(process: string): boolean {
    if (this.#alive.has(process)) return true;
    if (this.#absent.has(process)) return false;
    this.#asked.add(process);
    return true;
  }

  others(): number {
    return [...this.#alive.keys()].filter((process) => process !== this.self).length;
  }

  addresses(): ReadonlyMap<string, string> {
    const others = [...this.#alive].filter(([process]) => process !== this.self);
    // One that says it is where this one is has been given the wrong address: only this one is there.
    return new Map(others.filter(([, address]) => address !== '' && address !== this.address));
  }

  isAddressShared(): boolean {
    const same = [...this.#alive].filter(([, address]) => address === this.address);
    return this.address !== '' && same.some(([process]) => process !== this.self);
  }

  silentMs(): number {
    return this.silence();
  }

  onChange(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }

  /** Says that this process is there, and looks who else is. @throws NfvError as EtcdApi.ask */
  async beat(): Promise<void> {
    const isKept = this.#lease !== 0 && (await this.api.keepLease(this.#lease));
    if (!isKept) await this.#announce();
    const asked = [...this.#asked];
    const { live } = this.layout;
    const read = { kind: 'range', range: allOf(live) } as const;
    const answer = await this.api.ask({ compare: [], success: [read], failure: [] });
    const found = answer.ranges[0]?.kvs ?? [];
    const alive = new Map(
      found.map(({ key, value }) => [key.toString('utf8', live.length), value.toString()]),
    );
    const gone = [...this.#alive.keys(), ...asked].filter((id) => !alive.has(id));
    const come = [...alive.keys()].filter((id) => !this.#alive.has(id));
    this.#alive = alive;
    for (const id of asked) this.#asked.delete(id);
    for (const id of gone) this.#absent.add(id);
    for (const id of come) this.#absent.delete(id);
    for (const id of this.#absent) {
      if (this.#absent.size <= MAX_ABSENT) break;
      this.#absent.delete(id);
    }
    if (gone.length + come.length > 0) for (const callback of this.#callbacks) callback();
  }

  /** Says that this process is gone, where anybody hears it. */
  async leave(): Promise<void> {
    if (this.#lease === 0 || this.silentMs() > SILENT_MS) return;
    try {
      await this.api.revokeLease(this.#lease);
    } catch {
      // It runs out by itself.
    }
  }

  async #announce(): Promise<void> {
    const lease = randomInt(1, MAX_LEASE_ID);
    await this.api.grantLease(lease, LEASE_S);
    const key = Buffer.concat([this.layout.live, Buffer.from(this.self)]);
    const put = { kind: 'put', key, value: Buffer.from(this.address), lease } as const;
    await this.api.ask({ compare: [], success: [put], failure: [] });
    this.#lease = lease;
  }
}
