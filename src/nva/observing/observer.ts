/** Keeps account of what happens in an NVA, for whoever looks at it from outside. */
import type { Clock } from '../../model/clock.js';
import type { Peers, StoreEvent } from '../../store/store.js';
import type { Absentees } from '../sessions/absentees.js';
import { AttachTimes } from './attach-times.js';
import type { Log } from '../../model/log.js';
import type { Drift } from '../../model/nve.js';
import type { Call, ObservationApi } from '../../model/api.js';
import type { NveStatistics } from '../../model/observation.js';
import type { SharePage } from '../../model/replica.js';
import type { Tracer } from '../../model/tracing.js';
import type { Catalog } from '../catalog.js';
import type { CompileCounters } from '../compiler/counters.js';
import type { Change } from '../compiler/inputs.js';
import type { ItemDelta } from '../compiler/deltas.js';
import { Durations } from './durations.js';
import { Happenings } from './happenings.js';
import { joined } from '../joined-signal.js';
import type { Committed, Origins } from '../origins.js';
import { Rate } from './rate.js';
import { readNve, type Lag, type NvaReading } from '../reading.js';
import { RevisionTimes } from '../revision-times.js';
import type { Connected } from '../sessions/sessions.js';
import { pageOfNves } from '../share-pages.js';
import type { StatusWriter } from '../statuses/status-writer.js';

/** Is told of what only a histogram can keep. */
export interface NvaMeter {
  /** From the commit of an endpoint until all its NVEs had applied it. */
  attached(seconds: number): void;
}

export interface ObserverDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Pick<Log, 'warn'>;
  readonly origins: Origins;
  /** Undefined: the store has no other process that writes. */
  readonly peers: Pick<Peers, 'address'> | undefined;
  readonly catalog: Catalog;
  readonly absentees: Pick<Absentees, 'missed'>;
  readonly connected: (nve: string) => Connected | undefined;
  readonly isElsewhere: (nve: string) => boolean;
  readonly meter: NvaMeter | undefined;
  readonly tracer: Tracer | undefined;
}

/** Attachments of which the times are kept: of all, and of one NVE. */
const KEPT = 4096;
const KEPT_OF_NVE = 256;

/**
 * What somebody goes on being told of, until the call ends. It counts as a watch.
 * @throws the reason of `stop` when that aborts: there may be more to come, elsewhere or later
 */
export async function* asWatch<Told>(
  observer: Pick<Observer, 'watching'>,
  call: Call,
  stop: AbortSignal,
  open: (call: Call) => AsyncIterable<Told>,
): AsyncGenerator<Told> {
  const ended = observer.watching();
  const { signal, end } = joined(call.signal, stop);
  try {
    yield* open({ ...call, signal });
  } finally {
    end();
    ended();
  }
  stop.throwIfAborted();
}

/** @param asked of all replicas */
export function observationApi(
  asked: ObservationApi,
  observer: Pick<Observer, 'watching'>,
  stop: AbortSignal,
): ObservationApi {
  return {
    statistics: (call) => asked.statistics(call),
    events: (request, call) =>
      asWatch(observer, call, stop, (until) => asked.events(request, until)),
  };
}

export class Observer {
  readonly #deps: ObserverDeps;
  readonly #times: RevisionTimes;
  readonly #attach = new Durations(KEPT);
  readonly #attachOf = new Map<string, Durations>();
  readonly #changes = new Rate();
  readonly #itemsOf = new Map<string, Rate>();
  readonly #happenings: Happenings;
  readonly #attaches: AttachTimes;
  #watchers = 0;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
    const { clock, meter } = deps;
    this.#times = new RevisionTimes(clock.monotonic());
    this.#happenings = new Happenings(clock, deps.catalog, deps.log, deps.peers?.address);
    this.#attaches = new AttachTimes({
      isApplied: (nve, key) => this.#isApplied(nve, key),
      appliedOn: (nve, ms) => {
        this.#durationsOf(nve).add(ms, clock.monotonic());
      },
      appliedByAll: (ms) => {
        this.#attach.add(ms, clock.monotonic());
        meter?.attached(ms / 1000);
      },
    });
  }

  /** A revision is about to be compiled. */
  committed(revision: number, events: readonly StoreEvent[]): Committed | undefined {
    const { origins, peers, clock } = this.#deps;
    const ours = origins.take(revision, events);
    const at = ours?.at ?? clock.monotonic();
    this.#times.note(revision, at);
    this.#happenings.committed(revision, events, ours);
    return ours ?? (peers === undefined ? { origin: undefined, at } : undefined);
  }

  /** Compiles the changes of a revision. */
  compile(
    changes: readonly Change[],
    by: Committed | undefined,
    compile: () => Map<string, ItemDelta>,
  ): Map<string, ItemDelta> {
    const { tracer } = this.#deps;
    const parent = by?.origin?.trace;
    const [first] = changes;
    if (tracer === undefined || parent === undefined || first === undefined) return compile();
    const attributes = {
      'nfvd.kind': first.kind,
      'nfvd.id': first.id,
      'nfvd.changes': changes.length,
    };
    const span = tracer.start('compile', { parent, attributes });
    const deltas = compile();
    span.end(undefined, { 'nfvd.nves': deltas.size });
    return deltas;
  }

  /** @param by undefined: another replica committed it, and takes its time */
  compiled(
    changes: readonly Change[],
    deltas: ReadonlyMap<string, ItemDelta>,
    by: Committed | undefined,
  ): void {
    this.#changes.add(changes.length, this.#deps.clock.monotonic());
    const attached: string[] = [];
    for (const { kind, id, after } of changes) {
      if (kind !== 'Endpoint') continue;
      if (after === undefined || by === undefined) this.#attaches.gone(id);
      else attached.push(id);
    }
    if (by !== undefined) this.#attaches.changed(attached, deltas, by.at);
    // Last: nobody is to wait for what the same commit has deleted.
    for (const { kind, id, after } of changes) {
      if (kind === 'Nve' && after === undefined) this.#forget(id);
    }
  }

  progressed(nve: string, keys: readonly string[] | 'all'): void {
    const now = this.#deps.clock.monotonic();
    this.#attaches.progressed(nve, keys, now);
    const progress = this.#deps.connected(nve)?.session.progress;
    if (progress !== undefined) this.#happenings.progressed(nve, keys, progress);
    this.#rateOf(nve).add(this.#applied(nve, keys), now);
  }

  /** Of these, how many the NVE has tried. */
  #applied(nve: string, keys: readonly string[] | 'all'): number {
    const progress = this.#deps.connected(nve)?.session.progress;
    if (progress === undefined) return 0;
    if (keys === 'all') return progress.counts.applied + progress.counts.failed;
    return keys.filter((key) => progress.stateOf(key) !== 'open').length;
  }

  connected(nve: string, peer: string): void {
    this.#happenings.connected(nve, peer);
  }

  departed(nve: string): void {
    this.#happenings.lost(nve);
  }

  drifted(nve: string, drifts: readonly Drift[]): void {
    this.#happenings.drifted(nve, drifts);
  }

  get events(): Pick<Happenings, 'all' | 'own'> {
    return this.#happenings;
  }

  /** A watch has begun; what it answers ends it. */
  watching(): () => void {
    this.#watchers++;
    return () => {
      this.#watchers--;
    };
  }

  read(compiles: CompileCounters, writers: readonly StatusWriter[]): NvaReading {
    const { catalog, clock } = this.#deps;
    const now = clock.monotonic();
    return {
      revision: catalog.revision,
      nves: this.#ids().map((nve) => this.#readNve(nve, now)),
      silent: [],
      watchers: this.#watchers,
      attachesUnderWay: this.#attaches.underWay,
      attachesGivenUp: this.#attaches.givenUp,
      statusesWaiting: new Map(writers.map(({ collection, waiting }) => [collection, waiting])),
      compiles: { ...compiles },
      changeRate: this.#changes.perSecond(now),
      attach: this.#attach.summary(now),
    };
  }

  /** For another replica, which has the same resources. */
  share(pageToken: string): SharePage {
    const now = this.#deps.clock.monotonic();
    return {
      watchers: this.#watchers,
      attachesUnderWay: this.#attaches.underWay,
      attachMs: this.#attach.samples(now),
      ...pageOfNves(this.#ids(), pageToken, (nve, mostTimes) => {
        const statistics = this.#deps.connected(nve) && this.#readNve(nve, now);
        const attachMs = this.#attachOf.get(nve)?.samples(now, mostTimes) ?? [];
        const isKnown = statistics !== undefined || attachMs.length > 0;
        return isKnown ? { nve, statistics, attachMs } : undefined;
      }),
    };
  }

  #ids(): string[] {
    return [...this.#deps.catalog.nves()].map(([id]) => id).sort();
  }

  #readNve(nve: string, now: number): NveStatistics {
    const { catalog, connected, isElsewhere } = this.#deps;
    return readNve(nve, connected(nve), {
      elsewhere: isElsewhere(nve),
      dead: catalog.isWithdrawn(nve),
      lag: this.#lagOf(nve, now),
      itemRate: this.#rateOf(nve).perSecond(now),
      attach: this.#durationsOf(nve).summary(now),
    });
  }

  #isApplied(nve: string, key: string): boolean {
    const { connected, absentees } = this.#deps;
    const session = connected(nve)?.session;
    if (session !== undefined) return session.progress.stateOf(key) === 'applied';
    return absentees.missed(nve) === undefined;
  }

  #lagOf(nve: string, now: number): Lag {
    const first = this.#firstLacking(nve);
    if (first === undefined) return { revisions: 0, ms: 0 };
    const revisions = Math.max(0, this.#deps.catalog.revision - first + 1);
    return { revisions, ms: revisions === 0 ? 0 : Math.max(0, now - this.#times.at(first)) };
  }

  /** The first revision of which it lacks something; undefined: none. */
  #firstLacking(nve: string): number | undefined {
    const { connected, absentees } = this.#deps;
    const session = connected(nve)?.session;
    if (session === undefined) return absentees.missed(nve);
    const { progress, heldRevision } = session;
    if (!progress.behind) return undefined;
    const oldest = progress.oldestOpen;
    // Of what it lacks since nobody knows when, and before it has tried anything.
    const unknown = heldRevision + 1;
    if (oldest === undefined) return unknown;
    return oldest === 0 ? unknown : oldest;
  }

  #durationsOf(nve: string): Durations {
    const known = this.#attachOf.get(nve);
    if (known !== undefined) return known;
    const durations = new Durations(KEPT_OF_NVE);
    this.#attachOf.set(nve, durations);
    return durations;
  }

  #rateOf(nve: string): Rate {
    const known = this.#itemsOf.get(nve);
    if (known !== undefined) return known;
    const rate = new Rate();
    this.#itemsOf.set(nve, rate);
    return rate;
  }

  #forget(nve: string): void {
    this.#itemsOf.delete(nve);
    this.#attachOf.delete(nve);
    this.#attaches.forget(nve, this.#deps.clock.monotonic());
  }
}
