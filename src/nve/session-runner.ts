/** Runs the session machine on real streams. */
import { createActor, type ActorRefFrom } from 'xstate';
import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import type { Drift, Underlay } from '../model/nve.js';
import {
  MAX_ENTRIES,
  PROTOCOL_VERSION,
  type BadDelta,
  type Delta,
  type Epoch,
  type FromNve,
  type Hello,
  type ItemReport,
  type ReceivedFromNva,
  type Welcome,
} from '../model/southbound.js';
import { MachineClock } from '../statemachine/machine-clock.js';
import { nveSessionMachine } from '../statemachine/nve-session.js';
import type { NveSideStream } from '../rpc/nve-client.js';
import { Outbox } from './outbox.js';

/** What the session asks of the agent. */
export interface SessionAgent {
  hello(): Promise<Hello>;
  /** Where what we hold is from. */
  epoch(): Epoch;
  held(): Iterable<readonly [string, string]>;
  /** What we hold is what this NVA wants. */
  confirm(epoch: Epoch): Promise<void>;
  /** Stores and hands on. @throws NfvError to refuse the delta */
  take(storeId: string, delta: Delta): Promise<void>;
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
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
}

/** One stream, from its opening to its end. */
interface Connection {
  readonly stream: NveSideStream;
  storeId: string;
  epoch: number;
  /** The outbox is being emptied into it. */
  sending: boolean;
}

export class SessionRunner {
  readonly #options: SessionRunnerOptions;
  readonly #outbox = new Outbox();
  readonly #actor: ActorRefFrom<typeof nveSessionMachine>;
  #connection: Connection | undefined;
  #reporting = false;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
    const { clock, random, replicas, retry } = options;
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
        },
        disconnect: () => {
          this.#disconnect();
        },
      },
    });
    this.#actor = createActor(machine, {
      input: { replicas: replicas.length, ...retry, random },
      clock: new MachineClock(clock),
    });
  }

  start(): void {
    this.#actor.start();
  }

  stop(): void {
    this.#actor.send({ type: 'STOP' });
  }

  /** The machine's state, for people and tests. */
  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  report(entries: readonly ItemReport[], settledRevision: number): void {
    if (!this.#reporting) return;
    this.#outbox.report(entries, settledRevision);
    this.#flush();
  }

  drift(drifts: readonly Drift[], total: number): void {
    this.#outbox.drift(drifts, total);
    this.#flush();
  }

  underlays(underlays: readonly Underlay[]): void {
    this.#outbox.underlays(underlays);
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
    const connection = { stream, storeId: '', epoch: 0, sending: false };
    this.#connection = connection;
    this.#run(connection).then(
      () => {
        this.#lost(connection, new NfvError('NVA_UNREACHABLE', `${stream.peer} ended the session`));
      },
      (thrown: unknown) => {
        this.#lost(connection, NfvError.from(thrown));
      },
    );
  }

  async #run(connection: Connection): Promise<void> {
    const { agent } = this.#options;
    await connection.stream.send(await agent.hello());
    let welcomed = false;
    for await (const message of connection.stream.incoming) {
      if (this.#connection !== connection) return;
      if (!welcomed) await this.#greet(connection, message);
      else await this.#receive(connection, message);
      welcomed = true;
    }
  }

  async #greet(connection: Connection, message: ReceivedFromNva): Promise<void> {
    if (message.kind !== 'welcome') {
      throw new NfvError('PROTOCOL_VIOLATION', `${message.kind} before welcome`);
    }
    const { agent, log } = this.#options;
    checkWelcome(message, agent.epoch());
    connection.storeId = message.epoch.storeId;
    connection.epoch = message.epoch.number;
    const { peer } = connection.stream;
    log.info({ peer, epoch: connection.epoch, inStep: !message.sendHeldItems }, 'connected to NVA');
    if (message.sendHeldItems) {
      this.#actor.send({ type: 'WELCOME_COMPARE' });
      return;
    }
    await agent.confirm(message.epoch);
    this.#actor.send({ type: 'WELCOME_IN_STEP' });
  }

  async #receive(connection: Connection, message: ReceivedFromNva): Promise<void> {
    if (message.kind === 'welcome') {
      throw new NfvError('PROTOCOL_VIOLATION', 'welcome in the middle of a session');
    }
    const { sequence } = message;
    try {
      await this.#take(connection, message);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const { code, message: text } = error;
      this.#options.log.error({ sequence, ...errorFields(error) }, 'delta refused');
      const reply = { code, message: text };
      await connection.stream.send({ kind: 'delta_reply', sequence, error: reply });
      return;
    }
    await connection.stream.send({ kind: 'delta_reply', sequence });
    if (message.kind === 'delta' && message.complete) this.#actor.send({ type: 'COMPLETE' });
  }

  #take(connection: Connection, message: Delta | BadDelta): Promise<void> {
    if (message.kind === 'bad_delta') throw message.error;
    if (message.epoch !== connection.epoch) {
      throw new NfvError(
        'STALE_EPOCH',
        `a delta of epoch ${message.epoch} in a session of epoch ${connection.epoch}`,
      );
    }
    return this.#options.agent.take(connection.storeId, message);
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
          const message = this.#nextMessage();
          if (message === undefined) return;
          await connection.stream.send(message);
        }
      } finally {
        connection.sending = false;
      }
    });
  }

  #nextMessage(): FromNve | undefined {
    return this.#outbox.next(this.#options.agent.epoch().number);
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
    const about = { peer: connection?.stream.peer, ...errorFields(error) };
    this.#options.log.warn(about, 'no session with the NVA');
    this.#actor.send({ type: 'LOST' });
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#reporting = false;
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
