/** All sessions with NVEs, one for each NVE at most. */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { ToldSighting } from '../../model/allowed-address.js';
import { timestamp, type Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import type { Item } from '../../model/item.js';
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import { identityText, type Identity } from '../../model/identity.js';
import type { HostStatus, OfferedProfile } from '../../model/host/offer.js';
import type { TraceContext } from '../../model/origin.js';
import type { Tracer } from '../../model/tracing.js';
import type { Drift, Underlay } from '../../model/nve.js';
import {
  MAX_DRIFTS,
  MAX_IN_FLIGHT,
  PROTOCOL_VERSION,
  type Epoch,
  type FromNve,
  type Hello,
} from '../../model/southbound.js';
import type { NvaSideStream } from '../../rpc/session-service.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { ItemDelta } from '../compiler/deltas.js';
import { ItemSum } from '../compiler/item-sum.js';
import { itemVersions } from '../compiler/item-versions.js';
import type { Absentees } from './absentees.js';
import { OneByOne } from '../one-by-one.js';
import { EventLoopTurns } from './event-loop-turns.js';
import { FactsWriter } from './facts-writer.js';
import { checkHello, receiveHello, receiveHeldItems } from './handshake.js';
import { News } from './news.js';
import { Progress } from './progress.js';
import { Session, type SessionEvents, type Shortfall } from './session.js';

/** What an agent says of its host. */
export interface NveFacts {
  readonly capabilities: Hello['capabilities'];
  readonly underlays: readonly Underlay[];
  readonly agentVersion: string;
}

/** Is told what becomes of sessions. */
export interface SessionsObserver {
  connected(nve: string, peer: string): void;
  departed(nve: string): void;
  drifted(nve: string, drifts: readonly Drift[]): void;
}

export interface SessionsDeps {
  readonly observer?: SessionsObserver;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracer?: Tracer | undefined;
  /** The store's, now; a session has that of its beginning. */
  epoch(): Epoch;
  /**
   * Resolves when all that an NVE has heard of, perhaps from another replica, is here, too.
   * @throws NfvError STALE_EPOCH, of the store
   */
  caughtUp(hello: Hello): Promise<void>;
  readonly index: CompileIndex;
  readonly absentees: Absentees;
  /** Whether somebody may be this NVE's agent. */
  maySpeakFor(identity: Identity, nve: string): boolean;
  /** The revision that `index` has. */
  revision(): number;
  /**
   * Makes sure that the NVE exists and that this agent is the one bound to it, claims its session, and stores what
   * it says of its host. @returns the revision of the claim @throws NfvError NOT_FOUND, NVE_IDENTITY_MISMATCH
   */
  admit(nve: string, nodeUuid: string, facts: NveFacts): Promise<number>;
  /** The revision of the latest claim, of whichever replica, as far as this one knows; 0: none. */
  claimed(nve: string): number;
  /** The same, where this replica has made it; undefined: another has. */
  ownClaim(nve: string): number | undefined;
  /** The state of these items of an NVE, or of the NVE itself, may have changed. */
  onProgress(nve: string, keys: readonly string[] | 'all'): void;
  /** It says something else of its host. */
  onFacts(nve: string, facts: NveFacts): Promise<void>;
  /** The host profile for an NVE; undefined: it keeps what it has. */
  offerOf(nve: string): OfferedProfile | undefined;
  /** It has seen allowed addresses at its ports. */
  onSightings(nve: string, sightings: readonly ToldSighting[]): void;
  /** It says what became of that. */
  onHost(nve: string): void;
  /** The session is over; this is what was last known. */
  onDeparture(nve: string, last: Connected): void;
}

/** A connected NVE. */
export interface Connected {
  readonly session: Session;
  /** The revision of its claim, or of a later one whose session did not begin. */
  claim: number;
  facts: NveFacts;
  readonly factsWriter: Pick<FactsWriter<NveFacts>, 'tell'>;
  /** Newest first, MAX_DRIFTS at most. */
  drifts: readonly Drift[];
  driftCount: number;
  driftedCount: number;
  /** Undefined: it has not said yet. */
  dataplane: DataplaneStatus | undefined;
  /** Undefined: it has not said yet. */
  host: HostStatus | undefined;
  readonly takesHostOffers: boolean;
  readonly probesUnderlay: boolean;
  readonly since: string;
}

/** An agent that was let in. */
interface Arrival {
  readonly stream: NvaSideStream;
  readonly incoming: AsyncIterator<FromNve>;
  readonly hello: Hello;
  /** Told in the welcome. */
  readonly epoch: Epoch;
  readonly facts: NveFacts;
  /** The revision of the claim of its session. */
  readonly claim: number;
}

interface Registration extends Arrival {
  /** Newer than the hello's. */
  readonly underlays?: readonly Underlay[] | undefined;
  readonly wanted: ItemSum;
  /** Absent: the NVE holds all it should. */
  readonly shortfall?: Shortfall;
}

export class Sessions {
  readonly #streams = new Set<NvaSideStream>();
  /**
   * An NVE's streams, in the order in which they come to be let in: so is the order of their claims, and what one says of
   * its host is not stored over what a later one says.
   */
  readonly #admissions = new OneByOne();
  /** By NVE, of those that are not connected yet. */
  readonly #greeted = new Map<string, NvaSideStream>();
  #closed: NfvError | undefined;
  readonly #connected = new Map<string, Connected>();
  /** The connected NVEs that have not applied all they should have. */
  readonly #behind = new Set<string>();
  /** For compiling, and for sending much: after a restart of ours all NVEs come at once. */
  readonly #turns = new EventLoopTurns();

  readonly #news: News;

  constructor(private readonly deps: SessionsDeps) {
    this.#news = new News(deps.clock);
  }

  get(nve: string): Connected | undefined {
    return this.#connected.get(nve);
  }

  /** The NVEs that lack something, connected or not. */
  *behind(): Generator<string> {
    yield* this.#behind;
    yield* this.deps.absentees.behind();
  }

  /** Hands on what a commit changes. */
  deliver(deltas: ReadonlyMap<string, ItemDelta>, revision: number, trace?: TraceContext): void {
    for (const [nve, delta] of deltas) {
      const connected = this.#connected.get(nve);
      if (connected === undefined) this.deps.absentees.miss(nve, revision);
      else connected.session.expect(delta, revision, trace);
      this.#progressed(nve, [...delta.upserts.keys(), ...delta.removes]);
    }
  }

  /** The host profiles, or whom they are for, have changed. */
  offerAgain(): void {
    for (const [nve, connected] of this.#connected) this.#offer(nve, connected);
  }

  #offer(nve: string, { session, takesHostOffers }: Connected): void {
    const offer = takesHostOffers ? this.deps.offerOf(nve) : undefined;
    if (offer !== undefined) session.offer(offer);
  }

  /** Runs one session. @throws NfvError why it ended, for the NVE to know */
  readonly handle = async (stream: NvaSideStream, identity: Identity): Promise<void> => {
    if (this.#closed !== undefined) throw this.#closed;
    this.#streams.add(stream);
    try {
      await this.#run(stream, identity);
    } finally {
      this.#streams.delete(stream);
    }
  };

  async #run(stream: NvaSideStream, identity: Identity): Promise<void> {
    const { deps } = this;
    const incoming = stream.incoming[Symbol.asyncIterator]();
    const hello = await receiveHello(incoming, deps.clock);
    const { nve, capabilities, underlays, agentVersion } = hello;
    const log = { nve, peer: stream.peer };
    try {
      if (!deps.maySpeakFor(identity, nve)) {
        const who = identityText(identity);
        throw new NfvError('ACCESS_DENIED', `${who} may not speak for nves/${nve}`);
      }
      await deps.caughtUp(hello);
      checkHello(hello, deps.epoch());
      const facts = { capabilities, underlays, agentVersion };
      const claim = await this.#admit(stream, hello, facts);
      const epoch = deps.epoch();
      const session = await this.#greetAlone({ stream, incoming, hello, epoch, facts, claim });
      this.#news.connected(nve);
      deps.log.info({ ...log, revision: hello.revision }, 'NVE connected');
      deps.observer?.connected(nve, stream.peer);
      await session.run();
      deps.log.info(log, 'NVE disconnected');
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const fields = { ...log, ...errorFields(error) };
      if (error.code === 'CANCELLED') deps.log.info(fields, 'NVE disconnected');
      else if (this.#news.takes(nve, error.message)) deps.log.warn(fields, 'NVE session ended');
      else deps.log.debug(fields, 'NVE session ended as before');
      throw error;
    } finally {
      this.#remove(nve, stream);
    }
  }

  /** One that has gone by the time of its turn claims nothing. */
  #admit(stream: NvaSideStream, { nve, nodeUuid }: Hello, facts: NveFacts): Promise<number> {
    const { deps } = this;
    return this.#admissions.do(nve, async () => {
      stream.signal.throwIfAborted();
      const before = deps.ownClaim(nve);
      try {
        return await deps.admit(nve, nodeUuid, facts);
      } catch (thrown) {
        if (deps.ownClaim(nve) !== before) this.#takeOverClaim(nve);
        throw thrown;
      }
    });
  }

  /**
   * The latest claim is of a session that does not begin: the one that goes on has it, and what its agent says of the
   * host is said again, for the other may have said something else.
   */
  #takeOverClaim(nve: string): void {
    const connected = this.#connected.get(nve);
    const claim = this.deps.ownClaim(nve);
    if (connected === undefined || claim === undefined) return;
    if (connected.session.stream.signal.aborted) return;
    connected.claim = claim;
    tell(connected, {});
  }

  /** What an NVE says that it holds may be much: it says so in one stream at a time. */
  async #greetAlone(arrival: Arrival): Promise<Session> {
    const { stream, hello, claim } = arrival;
    const { nve } = hello;
    try {
      // One that was let in later may be here already, and one that has gone takes nobody's place.
      this.#checkClaim(arrival);
      stream.signal.throwIfAborted();
      this.#greeted.get(nve)?.end(replaced(nve));
      this.#greeted.set(nve, stream);
      return await this.#greet(arrival);
    } catch (thrown) {
      if (this.deps.ownClaim(nve) === claim) this.#takeOverClaim(nve);
      throw thrown;
    } finally {
      if (this.#greeted.get(nve) === stream) this.#greeted.delete(nve);
    }
  }

  async #greet(arrival: Arrival): Promise<Session> {
    const { deps } = this;
    const { stream, incoming, hello, epoch } = arrival;
    await this.#turn(arrival);
    const wanted = existing(hello.nve, deps.index.sum(hello.nve));
    const inStep = wanted.digest === hello.digest;
    const welcome = {
      kind: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      epoch,
      sendHeldItems: !inStep,
      maxInFlight: MAX_IN_FLIGHT,
    } as const;
    if (inStep) {
      // Registered before anything is awaited, so that no change falls between.
      const session = this.#register({ ...arrival, wanted });
      await stream.send({ ...welcome, revision: deps.revision() });
      return session;
    }
    // Whatever it had when it left; how much of that is missing is known with what it holds.
    if (!this.#connected.has(hello.nve)) deps.absentees.miss(hello.nve, 0);
    await stream.send({ ...welcome, revision: deps.revision() });
    const { versions, underlays } = await receiveHeldItems(incoming, deps.clock);
    await this.#turn(arrival);
    // As it should be by now.
    const items = deps.index.full(hello.nve);
    const now = existing(hello.nve, ItemSum.of(items.values()));
    const shortfall = shortfallOf(versions, items);
    return this.#register({ ...arrival, underlays, wanted: now, shortfall });
  }

  /**
   * What is done in it at once has nobody's newer claim to fear: one that comes later ends what is registered.
   * @throws NfvError that of the stream, if that is over by then; SESSION_REPLACED: its NVE was claimed again
   */
  async #turn(arrival: Arrival): Promise<void> {
    await this.#turns.take();
    arrival.stream.signal.throwIfAborted();
    this.#checkClaim(arrival);
  }

  /** @throws NfvError SESSION_REPLACED: its NVE was claimed again */
  #checkClaim({ hello: { nve }, claim }: Arrival): void {
    if (this.deps.claimed(nve) === claim) return;
    throw new NfvError('SESSION_REPLACED', `nves/${nve} was claimed again, or deleted, meanwhile`);
  }

  #register(registration: Registration): Session {
    const { deps } = this;
    const { stream, incoming, hello, epoch, facts, claim, underlays, wanted, shortfall } =
      registration;
    const { nve } = hello;
    const connected: Connected = {
      ...{ facts, claim },
      factsWriter: new FactsWriter((now) => this.#store(nve, now), deps.clock, stream.signal),
      drifts: [],
      driftCount: 0,
      driftedCount: 0,
      dataplane: undefined,
      host: undefined,
      takesHostOffers: hello.takesHostOffers,
      probesUnderlay: hello.probesUnderlay,
      since: timestamp(deps.clock.now()),
      session: new Session(
        {
          stream,
          nve,
          epoch: epoch.number,
          heldRevision: hello.revision,
          progress: new Progress(wanted, itemVersions(deps.index, nve)),
          log: deps.log,
          clock: deps.clock,
          tracer: deps.tracer,
          turns: this.#turns,
          events: this.#eventsOf(nve, () => connected),
        },
        incoming,
        deps.revision(),
        shortfall,
      ),
    };
    const older = this.#connected.get(nve);
    this.#connected.set(nve, connected);
    deps.absentees.forget(nve);
    older?.session.end(replaced(nve));
    this.#progressed(nve, []);
    if (underlays !== undefined) tell(connected, { underlays });
    this.#offer(nve, connected);
    return connected.session;
  }

  #eventsOf(nve: string, connected: () => Connected): SessionEvents {
    const { deps } = this;
    return {
      progressed: (keys) => {
        this.#progressed(nve, keys);
      },
      drifted: ({ drifts, total, leftAlone }) => {
        connected().drifts = [...drifts, ...connected().drifts].slice(0, MAX_DRIFTS);
        connected().driftCount = total;
        connected().driftedCount = leftAlone;
        deps.observer?.drifted(nve, drifts);
        this.#progressed(nve, []);
      },
      sighted: (sightings) => {
        deps.onSightings(nve, sightings);
      },
      underlaysChanged: (underlays) => {
        tell(connected(), { underlays });
      },
      hostChanged: (status) => {
        connected().host = status;
        this.#progressed(nve, []);
        deps.onHost(nve);
      },
      dataplaneChanged: ({ status, capabilities }) => {
        connected().dataplane = status;
        this.#progressed(nve, []);
        if (isDeepStrictEqual(capabilities, connected().facts.capabilities)) return;
        tell(connected(), { capabilities });
      },
    };
  }

  async #store(nve: string, facts: NveFacts): Promise<void> {
    try {
      await this.deps.onFacts(nve, facts);
    } catch (thrown) {
      const fields = { nve, ...errorFields(NfvError.from(thrown)) };
      this.deps.log.warn(fields, 'what the NVE says of its host is not stored');
    }
  }

  #remove(nve: string, stream: NvaSideStream): void {
    const connected = this.#connected.get(nve);
    if (connected?.session.stream !== stream) return;
    this.deps.onDeparture(nve, connected);
    this.deps.observer?.departed(nve);
    this.#connected.delete(nve);
    const { progress } = connected.session;
    const missed = progress.settled ? progress.oldestOpen : 0;
    if (missed !== undefined) this.deps.absentees.miss(nve, missed);
    this.#progressed(nve, []);
  }

  #progressed(nve: string, keys: readonly string[] | 'all'): void {
    if (this.#connected.get(nve)?.session.progress.behind === true) this.#behind.add(nve);
    else this.#behind.delete(nve);
    this.deps.onProgress(nve, keys);
  }

  /** Ends all sessions, also those that are just beginning, and begins no more. */
  close(error: NfvError): void {
    this.#closed = error;
    this.endAll(error);
  }

  /** Ends all sessions, also those that are just beginning. */
  endAll(error: NfvError): void {
    for (const stream of this.#streams) stream.end(error);
  }
}

function tell(connected: Connected, news: Partial<NveFacts>): void {
  connected.facts = { ...connected.facts, ...news };
  connected.factsWriter.tell(connected.facts);
}

/** @throws NfvError NOT_FOUND when it was deleted a moment ago */
function existing(nve: string, wanted: ItemSum): ItemSum {
  // An NVE has a VTEP at least.
  if (wanted.count === 0) throw new NfvError('NOT_FOUND', `nves/${nve} was deleted`);
  return wanted;
}

function replaced(nve: string): NfvError {
  return new NfvError('SESSION_REPLACED', `nves/${nve} connected again`);
}

function shortfallOf(
  held: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, Item>,
): Shortfall {
  return {
    upserts: [...wanted.values()].filter((item) => held.get(item.key) !== item.version),
    removes: [...held.keys()].filter((key) => !wanted.has(key)),
  };
}
