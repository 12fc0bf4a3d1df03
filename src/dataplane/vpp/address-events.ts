/** Listens to what VPP tells of ARP packets and neighbour discovery, while somebody wants to know. */
import { NfvError } from '../../errors.js';
import type { Log } from '../../model/log.js';
import type { VppClient } from '../../vpp-api/client/client.js';
import type { Reply } from '../../vpp-api/client/reply-call.js';
import type { Subscription } from '../../vpp-api/client/subscriptions.js';

export interface AddressListener {
  /** A guest sent from an address, at an interface. */
  seen(index: number, ip: string, mac: string): void;
  /** Some may have been missed. */
  missed(): void;
}

export class AddressEvents {
  #isWanted = false;
  #listening: Promise<void> | undefined;
  #subscription: Subscription | undefined;

  constructor(
    private readonly client: VppClient,
    private readonly listener: AddressListener,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** Settles when nothing is listened to any longer. */
  get ended(): Promise<void> {
    return this.#listening ?? Promise.resolve();
  }

  /** Each ARP packet costs VPP an event: it is asked for them while there is something to look for. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) this.connected();
    else void this.#subscription?.close();
  }

  /** To be called when there is a connection; those to come the client sees to. */
  connected(): void {
    if (!this.#isWanted || this.client.boot === undefined) return;
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

  /** @returns true: it ended because nobody wanted it */
  async #listen(): Promise<boolean> {
    const wish = { enable: true, pid: process.pid };
    const events = await this.client.subscribe('want_l2_arp_term_events', wish);
    this.#subscription = events;
    try {
      if (!this.#isWanted) await events.close();
      else this.listener.missed();
      for await (const event of events) {
        if (event.kind === 'gap') this.listener.missed();
        else if (event.name === 'l2_arp_term_event') this.#seen(event.fields);
      }
    } finally {
      this.#subscription = undefined;
    }
    return true;
  }

  #seen({ sw_if_index: index, ip, mac }: Reply): void {
    if (typeof index !== 'number' || typeof ip !== 'string' || typeof mac !== 'string') return;
    this.listener.seen(index, ip, mac);
  }
}
