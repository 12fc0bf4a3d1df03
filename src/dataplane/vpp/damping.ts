/**
 * VPP tells of the same address with the same MAC at the same interface once in ten seconds, unless it tells of another
 * between (`l2_arp_term_process` of vnet/l2/l2_api.c). Who gives an address away and takes it back meanwhile would not
 * be seen: so the guest is asked for something else, and if it says nothing for the same once more.
 */
import type { Clock } from '../../model/clock.js';
import type { PortItem } from '../../model/item.js';

const OTHER_MS = 1000;
/** VPP's ten seconds, and a little. */
const AGAIN_MS = 10_500;

export interface DampingOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Asks the guest at a port for its own address. */
  readonly askOther: (port: PortItem) => void;
  /** Asks it for those that it may have. */
  readonly askAgain: (port: PortItem) => void;
}

export class Damping {
  #cancels: (() => void)[] = [];

  constructor(private readonly options: DampingOptions) {}

  /** @param port at which an address is looked for, if that is what VPP told of */
  told(port: PortItem | undefined): void {
    this.stop();
    if (port === undefined) return;
    const { clock, askOther, askAgain } = this.options;
    const other = (): void => {
      askOther(port);
    };
    const again = (): void => {
      askAgain(port);
    };
    this.#cancels = [clock.after(OTHER_MS, other), clock.after(AGAIN_MS, again)];
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
