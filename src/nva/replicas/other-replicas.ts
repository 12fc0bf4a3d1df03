/** Asking the other replicas of the NVA, within bounds. */
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import type { Clock } from '../../model/clock.js';
import type { Log } from '../../model/log.js';
import type { ReplicaAccess, ReplicaApi } from '../../model/replica.js';
import type { Peers } from '../../store/store.js';
import { withJoined } from '../joined-signal.js';
import { Outages, type Question } from './outages.js';

export interface OtherReplicasDeps {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Undefined: the store has no others. */
  readonly peers: Pick<Peers, 'addresses' | 'onChange'> | undefined;
  /** Undefined: this one has no way to them. */
  readonly access: ReplicaAccess | undefined;
  /** Ends what is kept of those that did not answer. */
  readonly stop: AbortSignal;
}

/** Questions to one replica that may be without an answer. */
export const MAX_ASKED = 64;
/** Streams from one replica that may be under way. */
export const MAX_STREAMS = 64;
/** Of what the caller still waits, so much: the rest is for telling it. */
const SHARE = 0.8;

export interface Asking {
  readonly question: Question;
  /** Milliseconds for the answer. */
  readonly withinMs: number;
}

export class OtherReplicas {
  readonly #asked = new Map<string, number>();
  /** Streams under way, by address. */
  readonly #streams = new Map<string, number>();
  readonly #outages: Outages;

  constructor(private readonly deps: OtherReplicasDeps) {
    const { clock, log, peers, stop } = deps;
    const addresses = (): Set<string> => new Set(peers?.addresses().values());
    this.#outages = new Outages({ clock, log, stop, addresses });
  }

  /** Those that can be asked, by name, and where. */
  known(): ReadonlyMap<string, string> {
    const { access, peers } = this.deps;
    return access === undefined ? new Map<string, string>() : (peers?.addresses() ?? new Map());
  }

  /** Whether the store has one there. */
  isKnown(address: string): boolean {
    return [...this.known().values()].includes(address);
  }

  /** Calls back whenever replicas came or went. @returns what ends that */
  onChange(callback: () => void): () => void {
    return this.deps.peers?.onChange(callback) ?? (() => undefined);
  }

  /**
   * Listens to the events of one, until its answer or the call ends.
   * @param address where it says that it is
   * @throws NfvError NVA_UNREACHABLE, TOO_MANY_REQUESTS, and what it answers
   */
  async *listen<Answer>(
    address: string,
    { signal }: Call,
    open: (api: ReplicaApi) => AsyncIterable<Answer>,
  ): AsyncGenerator<Answer> {
    const { access } = this.deps;
    if (access === undefined) throw noWay();
    const done = take(this.#streams, address, MAX_STREAMS, `${address} is being listened to`);
    try {
      for await (const answer of open(access.at(address))) {
        this.#outages.answered(address, 'ownEvents');
        if (signal.aborted) return;
        yield answer;
      }
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!signal.aborted) this.noteSilent(address, 'ownEvents', error);
      throw error;
    } finally {
      done();
    }
  }

  /**
   * Asks one once; its answer comes within `withinMs`, and before the caller has stopped waiting.
   * @param replica its name in the store
   * @throws NfvError NVA_UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED, TOO_MANY_REQUESTS, and what it answers
   */
  async ask<Answer>(
    replica: string,
    { question, withinMs }: Asking,
    call: Call,
    ask: (api: ReplicaApi, call: Call) => Promise<Answer>,
  ): Promise<Answer> {
    const address = this.#addressOf(replica);
    const api = this.deps.access?.at(address);
    if (api === undefined) throw noWay();
    const done = take(this.#asked, replica, MAX_ASKED, `${address} is being asked`);
    try {
      const answer = await this.#within(withinMs, address, call, (limited) => ask(api, limited));
      this.#outages.answered(address, question);
      return answer;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!call.signal.aborted) this.noteSilent(address, question, error);
      throw error;
    } finally {
      done();
    }
  }

  /** One does not answer such a question. */
  noteSilent(address: string, question: Question, error: NfvError): void {
    this.#outages.failed(address, question, error);
  }

  async #within<Answer>(
    withinMs: number,
    address: string,
    call: Call,
    question: (call: Call) => Promise<Answer>,
  ): Promise<Answer> {
    const now = this.deps.clock.now();
    const left = call.deadline === undefined ? Infinity : (call.deadline - now) * SHARE;
    const ms = Math.max(0, Math.min(withinMs, left));
    const timeout = new AbortController();
    const cancelTimer = this.deps.clock.after(ms, () => {
      timeout.abort();
    });
    try {
      return await withJoined([call.signal, timeout.signal], (signal) =>
        question({ ...call, signal, deadline: now + ms }),
      );
    } catch (cause) {
      if (!timeout.signal.aborted || call.signal.aborted) throw cause;
      const text = `${address}: no answer within ${Math.round(ms)} ms`;
      throw new NfvError('DEADLINE_EXCEEDED', text, { cause });
    } finally {
      cancelTimer();
    }
  }

  #addressOf(replica: string): string {
    if (this.deps.access === undefined) throw noWay();
    const address = this.deps.peers?.addresses().get(replica);
    if (address !== undefined) return address;
    throw new NfvError('NVA_UNREACHABLE', 'it does not say where it is reached', {
      remedy: 'configure peer.advertise there',
    });
  }
}

function noWay(): NfvError {
  return new NfvError('NVA_UNREACHABLE', 'this replica is not to ask others', {
    remedy: 'configure peer.advertise here and there',
  });
}

/** One more of those under way. @returns what ends it @throws NfvError TOO_MANY_REQUESTS */
function take(underWay: Map<string, number>, key: string, most: number, what: string): () => void {
  const count = underWay.get(key) ?? 0;
  if (count >= most) {
    throw new NfvError('TOO_MANY_REQUESTS', `${what} by ${count} calls already`);
  }
  underWay.set(key, count + 1);
  return () => {
    const left = (underWay.get(key) ?? 1) - 1;
    if (left > 0) underWay.set(key, left);
    else underWay.delete(key);
  };
}
