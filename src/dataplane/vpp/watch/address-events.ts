/**
 * Listens to what VPP tells of ARP packets and neighbour discovery, while somebody wants to know. VPP tells of whatever
 * a guest sends, and keeps what is not read without a bound (vl_socket_api_send of vlibmemory/socket_api.c): of too much
 * it is asked to be silent for a while.
 */
import { NfvError } from '../../../errors.js';
import type { Clock } from '../../../model/clock.js';
import type { Log } from '../../../model/log.js';
import type { VppClient } from '../../../vpp-api/client/client.js';
import type { VppEvent } from '../../../vpp-api/client/event-queue.js';
import type { Subscription } from '../../../vpp-api/client/subscriptions.js';
import { EventRate, type Flood } from './event-rate.js';

export interface AddressListener {
  /** A guest sent from an address, at an interface. */
  seen(index: number, ip: string, mac: string): void;
  /** Some may have been missed: told at once, and then once in three seconds at most. */
  missed(): void;
  /** There is too much to listen to: nothing is, for so many milliseconds. */
  flooded(flood: Flood, pauseMs: number): void;
}

const MISSED_MS = 3000;
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;
/** Who has listened so long in peace begins with the first pause again. */
const PEACE_MS = 60_000;

export class AddressEvents {
  #isWanted = false;
  #listening: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  /** Monotonic ms. */
  #since = 0;
  #pauseMs = 0;
  #endPause: (() => void) | undefined;
  /** Between two calls of `missed`. */
  #quiet: { readonly cancel: () => void; isMissing: boolean } | undefined;

  constructor(
    private readonly client: Pick<VppClient, 'boot' | 'subscribe'>,
    private readonly listener: AddressListener,
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** Each ARP packet costs VPP an event: it is asked for them while there is something to look for. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) this.connected();
    else void this.#subscription?.close();
  }

  /** To be called when there is a connection; those to come the client sees to. */
  connected(): void {
    if (!this.#isWanted || this.#endPause !== undefined || this.client.boot === undefined) return;
    this.#listening ??= this.#listen()
      .catch((thrown: unknown) => {
        const { code, message } = NfvError.from(thrown);
        if (code === 'SHUTTING_DOWN' || code === 'VPP_UNREACHABLE') return false;
        this.log.warn({ code, error: message }, 'allowed addresses are not looked for');
        return false;
      })
      .then((isOver) => {
        this.#listening = undefined;
        // Wanted again before it had ended.
        if (isOver) this.connected();
      });
  }

  /** Settles when nothing is listened to any longer; to be called when the client is closed. */
  async close(): Promise<void> {
    this.want(false);
    await this.#listening;
    this.#endPause?.();
    this.#endPause = undefined;
    this.#quiet?.cancel();
    this.#quiet = undefined;
  }

  /** @returns true: it ended because nobody wanted it, or for a pause */
  async #listen(): Promise<boolean> {
    const wish = { enable: true, pid: process.pid };
    const events = await this.client.subscribe('want_l2_arp_term_events', wish);
    this.#subscription = events;
    this.#since = this.clock.monotonic();
    const rate = new EventRate(this.clock);
    try {
      if (!this.#isWanted) await events.close();
      else this.#missed();
      for await (const event of events) {
        const flood = this.#take(event, rate);
        if (flood === undefined) continue;
        this.#pause(flood);
        break;
      }
    } finally {
      this.#subscription = undefined;
    }
    return true;
  }

  #take(event: VppEvent, rate: EventRate): Flood | undefined {
    if (event.kind === 'gap') {
      this.#missed();
      return rate.dropped(event.dropped);
    }
    if (event.name !== 'l2_arp_term_event') return undefined;
    const { sw_if_index: index, ip, mac } = event.fields;
    if (typeof index !== 'number' || typeof ip !== 'string' || typeof mac !== 'string') {
      return undefined;
    }
    this.listener.seen(index, ip, mac);
    return rate.from(index);
  }

  /** VPP is asked to tell no more when the reading ends. */
  #pause(flood: Flood): void {
    const wasPeace = this.clock.monotonic() - this.#since >= PEACE_MS;
    const longer = wasPeace ? FIRST_PAUSE_MS : Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs);
    this.#pauseMs = Math.min(longer, LONGEST_PAUSE_MS);
    this.#endPause = this.clock.after(this.#pauseMs, () => {
      this.#endPause = undefined;
      this.connected();
    });
    this.listener.flooded(flood, this.#pauseMs);
  }

  #missed(): void {
    if (this.#quiet !== undefined) {
      this.#quiet.isMissing = true;
      return;
    }
    const cancel = this.clock.after(MISSED_MS, () => {
      const isMissing = this.#quiet?.isMissing === true;
      this.#quiet = undefined;
      // After a pause all are asked anyway.
      if (isMissing && this.#isWanted && this.#endPause === undefined) this.#missed();
    });
    this.#quiet = { cancel, isMissing: false };
    this.listener.missed();
  }
}
