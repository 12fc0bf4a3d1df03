/** How many connections one identity may have: each takes a file descriptor, of which all others need some, too. */
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Clock } from '../model/clock.js';
import { identityText } from '../model/identity.js';
import { certified } from './identity.js';
import { socketPeerOf } from './refused-peers.js';

export const DEFAULT_CONNECTIONS = 1000;

/** An identity is told of once in this time. */
const TELL_MS = 60_000;

export interface RefusedConnections {
  readonly who: string;
  /** Of the last one. */
  readonly peer: string;
  /** That it may have, and has. */
  readonly connections: number;
  /** Since it was told last. */
  readonly refused: number;
}

interface Held {
  open: number;
  refused: number;
  /** A time of `Clock.monotonic`. */
  toldAt: number;
}

export class ConnectionLimiter {
  /** Of those that have one. */
  readonly #held = new Map<string, Held>();

  constructor(
    private readonly most: number,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly tell: (refused: RefusedConnections) => void,
  ) {}

  /** @returns to be called once, at its end; undefined: it is one too many */
  begin(who: string, peer: string): (() => void) | undefined {
    const held = this.#held.get(who) ?? { open: 0, refused: 0, toldAt: -Infinity };
    if (held.open >= this.most) {
      this.#refused(who, peer, held);
      return undefined;
    }
    held.open++;
    this.#held.set(who, held);
    return () => {
      held.open--;
      if (held.open === 0) this.#held.delete(who);
    };
  }

  #refused(who: string, peer: string, held: Held): void {
    held.refused++;
    const now = this.clock.monotonic();
    if (now - held.toldAt < TELL_MS) return;
    const { refused } = held;
    held.toldAt = now;
    held.refused = 0;
    this.tell({ who, peer, connections: this.most, refused });
  }
}

/** Ends what is one too many as soon as it is known whose it is. */
export function limitConnections(
  server: TlsServer,
  limiter: ConnectionLimiter,
  trustDomain: string | undefined,
): void {
  server.on('secureConnection', (socket: TLSSocket) => {
    const who = identityText(certified(socket.getPeerCertificate(), trustDomain));
    const leave = limiter.begin(who, socketPeerOf(socket));
    if (leave === undefined) socket.destroy();
    else socket.once('close', leave);
  });
}
