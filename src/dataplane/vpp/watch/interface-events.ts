/** Listens to VPP's interface events for as long as there is a client. */
import { NfvError } from '../../../errors.js';
import type { Log } from '../../../model/log.js';
import type { VppClient } from '../../../vpp-api/client/client.js';
import type { Reply } from '../../../vpp-api/client/reply-call.js';
import type { Changes } from '../changes.js';

export class InterfaceEvents {
  #listening: Promise<void> | undefined;

  constructor(
    private readonly client: VppClient,
    private readonly changes: Changes,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** Settles when nothing is listened to any longer. */
  get ended(): Promise<void> {
    return this.#listening ?? Promise.resolve();
  }

  /** Listens, on this connection and those to come; to be called when there is one. */
  start(): void {
    this.#listening ??= this.#listen().catch((thrown: unknown) => {
      // With the next connection it is tried again; the drift check sees what is missed.
      this.#listening = undefined;
      const { code, message } = NfvError.from(thrown);
      if (code === 'SHUTTING_DOWN') return;
      this.log.warn({ code, error: message }, 'VPP does not tell of its interfaces');
    });
  }

  async #listen(): Promise<void> {
    const events = await this.client.subscribe('want_interface_events', {
      enable_disable: 1,
      pid: process.pid,
    });
    for await (const event of events) {
      if (event.kind === 'gap') {
        // With each connection comes a look at everything, which VPP is asked for after its events.
        if (event.reason === 'overflow') this.changes.tell('unknown');
      } else if (event.name === 'sw_interface_event') this.#changed(event.fields);
    }
  }

  #changed({ sw_if_index: index, deleted }: Reply): void {
    if (typeof index === 'number') this.changes.interfaceChanged(index, deleted === true);
  }
}
