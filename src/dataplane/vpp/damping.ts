/**
 * VPP tells of the same address with the same MAC at the same interface once in ten seconds, unless it tells of another
 * between (`l2_arp_term_process` of vnet/l2/l2_api.c). Who gives an address away and takes it back meanwhile would not
 * be seen: so the guest is asked a little later, and if it says nothing then, when the time is over.
 */
import type { Clock } from '../../model/clock.js';
import type { PortItem } from '../../model/item.js';

const SOON_MS = 1000;
/** VPP's ten seconds, and a little. */
const OVER_MS = 10_500;

export interface DampingOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Asks the guest at a port for all that it may have, and last for something else. */
  readonly ask: (port: PortItem) => void;
}

export class Damping {
  #cancels: (() => void)[] = [];

  constructor(private readonly options: DampingOptions) {}

  /** VPP told of something. @param port at which that address is looked for, with whatever MAC; if there is one */
  told(port: PortItem | undefined): void {
    this.stop();
    if (port === undefined) return;
    const { clock, ask } = this.options;
    this.#cancels = [SOON_MS, OVER_MS].map((ms) =>
      clock.after(ms, () => {
        ask(port);
      }),
    );
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
