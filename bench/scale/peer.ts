/** One NVE, or one bare stream, with a connection of its own that comes back when it is lost. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../src/statemachine/nve-session.js';
import type { Traffic } from './messages.js';

/** Those of `nfvd nve`. */
const RETRY = {
  ...{ replicas: 1, replica: 0 },
  ...{ initialMs: 200, soonMs: 1000, soonRounds: 60, maxMs: 10_000 },
};

/** Whose connection is being made; gRPC tells nobody its sockets. */
const connecting = new AsyncLocalStorage<Peer>();
subscribe('net.client.socket', (message) => {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return;
  if (message.socket instanceof Socket) connecting.getStore()?.adopt(message.socket);
});

export abstract class Peer {
  /** Those that are open: an attempt that gRPC has given up may come to one beside that of the session. */
  readonly #sockets = new Set<Socket>();
  #inStep = false;
  /** Since it was last in step. */
  #failures = 0;
  #awaiting: (() => void)[] = [];
  /** Of the connections before. */
  readonly #before = { received: 0, sent: 0 };
  protected deltas = 0;
  protected items = 0;

  constructor(readonly name: string) {}

  /** One session, to its end. */
  protected abstract session(): Promise<void>;

  /** Sessions, one after the other, for as long as the process lives. */
  async run(): Promise<never> {
    const { random } = Math;
    for (;;) {
      // Whatever it ended with: an agent tries again.
      await connecting.run(this, () => this.session()).catch(() => undefined);
      this.#inStep = false;
      const failures = ++this.#failures;
      await sleep(backoffMs({ ...RETRY, failures, random }));
    }
  }

  adopt(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#before.received += socket.bytesRead;
      this.#before.sent += socket.bytesWritten;
    });
  }

  get traffic(): Traffic {
    let { received, sent } = this.#before;
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent, deltas: this.deltas, items: this.items };
  }

  protected nowInStep(): void {
    this.#inStep = true;
    this.#failures = 0;
    for (const resolve of this.#awaiting.splice(0)) resolve();
  }

  async inStep(): Promise<void> {
    if (!this.#inStep) await new Promise<void>((resolve) => this.#awaiting.push(resolve));
  }

  /** As when the network takes it away. @throws where there is none: nobody would ever see it come back */
  cut(): void {
    if (this.#sockets.size === 0) throw new Error(`${this.name} has no connection`);
    this.#inStep = false;
    for (const socket of this.#sockets) socket.destroy();
  }
}
