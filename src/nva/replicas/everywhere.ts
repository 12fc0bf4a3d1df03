/**
 * What only the replica that has an NVE's session can tell, asked of it: of this one, or once of another,
 * which asks nobody else. One that does not answer is told of in the answer.
 */
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import type { NvaStatistics, SilentReplica } from '../../model/observation.js';
import type { NveTrace, PortAt, ReplicaApi, ReplicaShare } from '../../model/replica.js';
import type { EndpointCounters, Hop } from '../../model/trace.js';
import { allStatistics } from './all-statistics.js';
import type { Asking, OtherReplicas } from './other-replicas.js';
import { uncounted } from './read-counters.js';
import { wholeShare } from '../share-pages.js';
import { untraced } from '../trace/trace-nve.js';

export interface EverywhereDeps {
  readonly own: ReplicaApi & { has(nve: string): boolean };
  readonly others: OtherReplicas;
  /** The other replica that has the session; undefined: there is none. */
  whereIs(nve: string): string | undefined;
}

/** Milliseconds for another replica whose NVEs look: they have 10 s themselves. */
const LOOK_MS = 12_000;
const TRACE: Asking = { question: 'traceNve', withinMs: LOOK_MS };
const COUNT: Asking = { question: 'countPorts', withinMs: LOOK_MS };
/** One tells what it knows. */
const READ: Asking = { question: 'readShare', withinMs: 2000 };

export class Everywhere implements Pick<ReplicaApi, 'traceNve' | 'countPorts'> {
  constructor(private readonly deps: EverywhereDeps) {}

  async traceNve(question: NveTrace, call: Call): Promise<readonly Hop[]> {
    const { own, others } = this.deps;
    const replica = this.#elsewhere(question.nve);
    if (replica === undefined) return own.traceNve(question, call);
    try {
      return await others.ask(replica, TRACE, call, async (api, limited) =>
        asMany(question.passed.length + 1, await api.traceNve(question, limited)),
      );
    } catch (thrown) {
      return untraced(question, NfvError.from(thrown));
    }
  }

  async countPorts(ports: readonly PortAt[], call: Call): Promise<readonly EndpointCounters[]> {
    const byReplica = new Map<
      string | undefined,
      { readonly at: number; readonly port: PortAt }[]
    >();
    for (const [at, port] of ports.entries()) {
      const replica = this.#elsewhere(port.nve);
      const there = byReplica.get(replica) ?? [];
      there.push({ at, port });
      byReplica.set(replica, there);
    }
    const answers = new Map<number, EndpointCounters>();
    await Promise.all(
      [...byReplica].map(async ([replica, there]) => {
        const counted = await this.#count(
          replica,
          there.map(({ port }) => port),
          call,
        );
        for (const [i, { at, port }] of there.entries()) {
          answers.set(at, counted[i] ?? uncounted(port, new NfvError('INTERNAL', 'no answer')));
        }
      }),
    );
    return ports.flatMap((_, at) => answers.get(at) ?? []);
  }

  async #count(
    replica: string | undefined,
    ports: readonly PortAt[],
    call: Call,
  ): Promise<readonly EndpointCounters[]> {
    const { own, others } = this.deps;
    if (replica === undefined) return own.countPorts(ports, call);
    try {
      return await others.ask(replica, COUNT, call, async (api, limited) =>
        asMany(ports.length, await api.countPorts(ports, limited)),
      );
    } catch (thrown) {
      const { code, message } = NfvError.from(thrown);
      const text = `the replica of the NVA that its NVE is connected to cannot be asked: ${message}`;
      const error = new NfvError(code, text, { cause: thrown });
      return ports.map((port) => uncounted(port, error));
    }
  }

  /** Of all replicas that answer. @param own of this one */
  async statistics(own: NvaStatistics, call: Call): Promise<NvaStatistics> {
    // One that was started again is known twice for a while, and is to count once.
    const known = new Map([...this.deps.others.known()].map(([name, at]) => [at, name]));
    if (known.size === 0) return own;
    const byAddress = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
    const answers = await Promise.all(
      byAddress.map(async ([address, replica]): Promise<ReplicaShare | SilentReplica> => {
        try {
          return await this.deps.others.ask(replica, READ, call, wholeShare);
        } catch (thrown) {
          const { code, message: reason } = NfvError.from(thrown);
          return { address, code, reason };
        }
      }),
    );
    const shares = answers.flatMap((answer) => ('nves' in answer ? [answer] : []));
    const silent = answers.flatMap((answer) => ('nves' in answer ? [] : [answer]));
    return allStatistics(own, [await wholeShare(this.deps.own, call), ...shares], silent);
  }

  #elsewhere(nve: string): string | undefined {
    return this.deps.own.has(nve) ? undefined : this.deps.whereIs(nve);
  }
}

function asMany<T>(count: number, answers: readonly T[]): readonly T[] {
  if (answers.length === count) return answers;
  const text = `${answers.length} answers to ${count} questions`;
  throw new NfvError('PROTOCOL_VIOLATION', text);
}
