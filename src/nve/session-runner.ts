/** Runs the session machine on real streams. */
import { createActor, type ActorRefFrom } from 'xstate';
import { NfvError } from '../errors.js';
import type { AddressSighting } from '../model/allowed-address.js';
import type { Clock } from '../model/clock.js';
import type { Log } from '../model/log.js';
import type { HostStatus, OfferedProfile } from '../model/host/offer.js';
import type { Drift, Underlay } from '../model/nve.js';
import {
  MAX_ENTRIES,
  PROTOCOL_VERSION,
  type BadDelta,
  type DataplaneReport,
  type Delta,
  type Epoch,
  type Hello,
  type ItemReport,
  type ReceivedFromNva,
  type Welcome,
} from '../model/southbound.js';
import { MAX_QUERIES, NO_ANSWER, type Query, type QueryAnswer } from '../model/query.js';
import { MachineClock } from '../statemachine/machine-clock.js';
import { nveSessionMachine, type Waits } from '../statemachine/nve-session.js';
import type { NveSideStream } from '../rpc/nve-client.js';
import { DeltaOrder } from './delta-order.js';
import { Outbox } from './outbox.js';
import { earlierReplica, type Returning } from './returning.js';
import { SessionLog } from './session-log.js';

/** How long the NVA may take to answer, until we are in step; milliseconds. */
const ANSWER_MS = 30_000;

/** What the session asks of the agent. */
export interface SessionAgent {
  hello(): Promise<Hello>;
  /** Where what we hold is from. */
  epoch(): Epoch;
  held(): Iterable<readonly [string, string]>;
  /** What we hold is what this NVA wants. */
  confirm(epoch: Epoch): Promise<void>;
  /** Stores and hands on; `more` is about to follow. @throws NfvError to refuse the delta */
  take(storeId: string, delta: Delta, more: boolean): Promise<void>;
  /** Stores the host profile that the NVA has. @throws NfvError, which ends the session */
  offer(offer: OfferedProfile): Promise<void>;
  /** @throws NfvError that is told the NVA */
  answer(query: Query): Promise<QueryAnswer>;
  /** From now on the NVA hears what happens. */
  begun(): void;
  failures(): { readonly entries: readonly ItemReport[]; readonly settledRevision: number };
}

export interface SessionRunnerOptions {
  /** One function a replica, in order of priority. */
  readonly replicas: readonly (() => NveSideStream)[];
  readonly agent: SessionAgent;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Milliseconds: of the first wait after a failure, and of the longest. */
  readonly retry: Waits;
  /** Absent: it stays with the replica that it has found. */
  readonly returning?: Returning;
}

/** One stream, from its opening to its end. */
interface Connection {
  readonly stream: NveSideStream;
  /** That the NVA said in its welcome. */
  epoch: number;
  /** The outbox is being emptied into it. */
  sending: boolean;
  /** That are being answered. */
  queries: number;
  /** An earlier replica is being looked for. */
  looking: boolean;
  /** Of the wait for the NVA's next message, if there is one. */
  cancelDeadline: () => void;
}

/** What a connection is once the NVA has welcomed us. */
interface Session {
  readonly storeId: string;
  readonly order: DeltaOrder;
}

export class SessionRunner {
  readonly #options: SessionRunnerOptions;
  readonly #outbox: Outbox;
  readonly #actor: ActorRefFrom<typeof nveSessionMachine>;
  readonly #log: SessionLog;
  #connection: Connection | undefined;
  /** The last connection's; it may outlast the connection by what was being stored. */
  #running: Promise<void> = Promise.resolve();
  #reporting = false;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
    const { clock, random, replicas, retry, log } = options;
    this.#outbox = new Outbox(() => clock.monotonic());
    this.#log = new SessionLog(log, clock);
    const machine = nveSessionMachine.provide({
      actions: {
        connect: ({ context }) => {
          this.#connect(context.replica);
        },
        sendHeldItems: () => {
          this.#forConnection((connection) => this.#sendHeldItems(connection));
        },
        startReporting: () => {
          const { entries, settledRevision } = options.agent.failures();
          this.#outbox.reset(entries, settledRevision);
          this.#reporting = true;
          this.#flush();
          options.agent.begun();
        },
        disconnect: () => {
          this.#disconnect();
        },
        lookForBetter: ({ context }) => {
          void this.#lookForBetter(context.replica);
        },
      },
    });
    this.#actor = createActor(machine, {
      input: {
        ...{ replicas: replicas.length, ...retry, random },
        returnMs: options.returning?.afterMs ?? 0,
      },
      clock: new MachineClock(clock),
    });
  }

  start(): void {
    this.#actor.start();
  }

  /** Waits for what is being stored. */
  async stop(): Promise<void> {
    this.#actor.send({ type: 'STOP' });
    await this.#running;
  }

  /** The machine's state, for people and tests. */
  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  /** Reports of items that wait to be sent. */
  get reportsWaiting(): number {
    return this.#outbox.reports;
  }

  report(entries: readonly ItemReport[], settledRevision: number): void {
    if (!this.#reporting) return;
    this.#outbox.report(entries, settledRevision);
    this.#flush();
  }

  drift(drifts: readonly Drift[], total: number, leftAlone: number): void {
    this.#outbox.drift(drifts, total, leftAlone);
    this.#flush();
  }

  sighted(sighting: AddressSighting): void {
    this.#outbox.sighted(sighting);
    this.#flush();
  }

  underlays(underlays: readonly Underlay[]): void {
    this.#outbox.underlays(underlays);
    this.#flush();
  }

  dataplane(report: DataplaneReport): void {
    this.#outbox.dataplane(report);
    this.#flush();
  }

  host(status: HostStatus): void {
    this.#outbox.host(status);
    this.#flush();
  }

  #connect(replica: number): void {
    const open = this.#options.replicas[replica];
    if (open === undefined) throw new NfvError('INTERNAL', `there is no replica ${replica}`);
    let stream: NveSideStream;
    try {
      stream = open();
    } catch (thrown) {
      this.#lost(undefined, NfvError.from(thrown));
      return;
    }
    const connection = {
      stream,
      epoch: 0,
      sending: false,
      queries: 0,
      looking: false,
      cancelDeadline: () => undefined,
    };
    this.#connection = connection;
    this.#await(connection, 'welcome');
    this.#running = this.#run(connection, this.#running).then(
      () => {
        this.#lost(connection, new NfvError('NVA_UNREACHABLE', `${stream.peer} ended the session`));
      },
      (thrown: unknown) => {
        this.#lost(connection, NfvError.from(thrown));
      },
    );
  }

  async #run(connection: Connection, previous: Promise<void>): Promise<void> {
    const { agent } = this.#options;
    // What it stores is part of what we say that we hold.
    await previous;
    this.#outbox.beginSession();
    await connection.stream.send(await agent.hello());
    let session: Session | undefined;
    for await (const message of connection.stream.incoming) {
      if (this.#connection !== connection) return;
      connection.cancelDeadline();
      if (session === undefined) session = await this.#greet(connection, message);
      else await this.#receive(connection, session, message);
      if (this.state === 'comparing') this.#await(connection, 'delta');
    }
  }

  async #greet(connection: Connection, message: ReceivedFromNva): Promise<Session> {
    if (message.kind !== 'welcome') {
      throw new NfvError('PROTOCOL_VIOLATION', `${message.kind} before welcome`);
    }
    const { agent } = this.#options;
    checkWelcome(message, agent.epoch());
    const { epoch, sendHeldItems } = message;
    if (!sendHeldItems) await agent.confirm(epoch);
    connection.epoch = epoch.number;
    this.#log.connected(connection.stream.peer, epoch.number, !sendHeldItems);
    this.#advance(connection, sendHeldItems ? 'WELCOME_COMPARE' : 'WELCOME_IN_STEP');
    return { storeId: epoch.storeId, order: new DeltaOrder(message) };
  }

  async #receive(
    connection: Connection,
    session: Session,
    message: ReceivedFromNva,
  ): Promise<void> {
    if (message.kind === 'welcome') {
      throw new NfvError('PROTOCOL_VIOLATION', 'welcome in the middle of a session');
    }
    if (message.kind === 'query') {
      this.#answer(connection, message);
      return;
    }
    if (message.kind === 'host_offer') {
      await this.#options.agent.offer(message.offer);
      this.#outbox.askForHost();
      this.#flush();
      return;
    }
    const { sequence } = message;
    const { order } = session;
    order.follow(sequence);
    const error = await this.#take(session, message);
    const reply =
      error === undefined ? {} : { error: { code: error.code, message: error.message } };
    await connection.stream.send({ kind: 'delta_reply', sequence, ...reply });
    // A new session brings it again, and by then there may be room.
    if (error?.retriable === true) throw error;
    if (message.complete) this.#advance(connection, 'COMPLETE');
  }

  /** Beside the deltas, which it does not hold up. */
  #answer(connection: Connection, query: Query): void {
    if (connection.queries >= MAX_QUERIES) {
      throw new NfvError('PROTOCOL_VIOLATION', `more than ${MAX_QUERIES} queries at a time`);
    }
    connection.queries++;
    const { id } = query;
    const reply = this.#options.agent.answer(query).catch((thrown: unknown) => {
      const { code, message } = NfvError.from(thrown);
      return { ...NO_ANSWER, error: { code, message } };
    });
    this.#forConnection(async () => {
      try {
        await connection.stream.send({ kind: 'query_reply', id, ...(await reply) });
      } finally {
        connection.queries--;
      }
    });
  }

  /** @returns why it was refused */
  async #take(session: Session, message: Delta | BadDelta): Promise<NfvError | undefined> {
    const { storeId, order } = session;
    try {
      const delta = order.check(message);
      const { complete } = delta;
      const stored = { ...delta, complete: complete && !order.hasGap };
      await this.#options.agent.take(storeId, stored, !complete);
      order.taken(delta);
      return undefined;
    } catch (thrown) {
      order.refused();
      const error = NfvError.from(thrown);
      this.#log.refused(message.sequence, error);
      return error;
    }
  }

  async #lookForBetter(current: number): Promise<void> {
    const { returning, clock } = this.#options;
    const connection = this.#connection;
    if (returning === undefined || connection === undefined || connection.looking) return;
    connection.looking = true;
    const isOver = (): boolean => this.#connection !== connection;
    const replica = await earlierReplica(returning, current, clock, isOver);
    connection.looking = false;
    if (replica === undefined || isOver()) return;
    this.#log.leaving(connection.stream.peer);
    this.#actor.send({ type: 'BETTER', replica });
  }

  #advance(connection: Connection, type: 'WELCOME_IN_STEP' | 'WELCOME_COMPARE' | 'COMPLETE'): void {
    if (this.#connection === connection) this.#actor.send({ type });
  }

  /** The NVA has only so long for its next message. */
  #await(connection: Connection, what: string): void {
    if (this.#connection !== connection) return;
    connection.cancelDeadline = this.#options.clock.after(ANSWER_MS, () => {
      const text = `${connection.stream.peer}: no ${what} within ${ANSWER_MS / 1000} s`;
      this.#lost(connection, new NfvError('DEADLINE_EXCEEDED', text));
    });
  }

  async #sendHeldItems({ stream }: Connection): Promise<void> {
    let entries: { key: string; version: string }[] = [];
    for (const [key, version] of this.#options.agent.held()) {
      if (entries.length === MAX_ENTRIES) {
        await stream.send({ kind: 'held_items', entries, last: false });
        entries = [];
      }
      entries.push({ key, version });
    }
    await stream.send({ kind: 'held_items', entries, last: true });
  }

  /** Sends what the outbox has, one message at a time, as fast as the NVA takes it. */
  #flush(): void {
    if (!this.#reporting) return;
    this.#forConnection(async (connection) => {
      if (connection.sending) return;
      connection.sending = true;
      try {
        while (this.#reporting && this.#connection === connection) {
          const message = this.#outbox.next(connection.epoch);
          if (message === undefined) return;
          await connection.stream.send(message);
        }
      } finally {
        connection.sending = false;
      }
    });
  }

  /** Runs a task on the stream in use; its failure ends that stream. */
  #forConnection(task: (connection: Connection) => Promise<void>): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    task(connection).catch((thrown: unknown) => {
      this.#lost(connection, NfvError.from(thrown));
    });
  }

  #lost(connection: Connection | undefined, error: NfvError): void {
    if (this.#connection !== connection) return;
    this.#log.lost(connection?.stream.peer, error);
    this.#actor.send({ type: 'LOST' });
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#reporting = false;
    connection?.cancelDeadline();
    connection?.stream.end();
  }
}

/** @throws NfvError PROTOCOL_VERSION, FOREIGN_STORE, STALE_EPOCH */
function checkWelcome({ protocolVersion, epoch }: Welcome, held: Epoch): void {
  if (protocolVersion !== PROTOCOL_VERSION) {
    throw new NfvError('PROTOCOL_VERSION', `the NVA speaks version ${protocolVersion}`);
  }
  if (held.storeId === '') return;
  if (held.storeId !== epoch.storeId) {
    throw new NfvError(
      'FOREIGN_STORE',
      `the NVA's store is ${epoch.storeId}, what we hold is from ${held.storeId}`,
    );
  }
  if (epoch.number < held.number) {
    throw new NfvError('STALE_EPOCH', `the NVA's epoch is ${epoch.number}, ours ${held.number}`);
  }
}
