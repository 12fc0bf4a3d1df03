import { NfvError } from '../../errors.js';
import type { Link, LinkEvents } from '../transport/transport.js';
import type { Binder, Receiver } from './bind.js';
import type { Bound } from './binding.js';
import { nextBoot, type Boot } from './boot.js';
import type { Deadlines } from './deadlines.js';
import type { Settings } from './options.js';
import { Session } from './session.js';

/** What a connection tells. Nothing after it was ended. */
export interface ConnectionHooks {
  connected(): void;
  bound(): void;
  /** It came to nothing, or is over; to be ended all the same. */
  lost(error: NfvError): void;
  slow(): void;
  recovered(): void;
  /** Something that VPP tells unasked. @throws what the codec throws */
  event(from: Bound, message: Buffer): void;
}

export interface ConnectionParts {
  readonly settings: Settings;
  readonly binder: Binder;
  readonly deadlines: Deadlines;
  /** Of the connection before. */
  readonly lastBoot: Boot | undefined;
}

/** One connection, from the attempt to its end. */
export class Connection {
  readonly #aborted = new AbortController();
  #link: Link | undefined;
  /** Who takes what comes; nobody: it is too early for anything to come. */
  #receiver: Receiver | undefined;
  #session: Session | undefined;
  #end: NfvError | undefined;
  #closed: () => void = () => undefined;
  /** Settles when nothing is left of it. */
  readonly gone: Promise<void>;

  /** Connects; `connected` or `lost` follows. */
  constructor(
    private readonly parts: ConnectionParts,
    private readonly hooks: ConnectionHooks,
  ) {
    this.gone = this.#connect();
  }

  /** Once `bound` was told. */
  get session(): Session | undefined {
    return this.#session?.boot === undefined ? undefined : this.#session;
  }

  /** Learns VPP's messages, and which start of VPP it is; `bound` or `lost` follows. */
  bind(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#bind(link).then(
      () => {
        if (this.#end === undefined) this.hooks.bound();
      },
      (thrown: unknown) => {
        this.#lose(NfvError.from(thrown));
      },
    );
  }

  /** Closes the link and fails the calls. */
  end(error: NfvError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#aborted.abort(error);
    this.#link?.close(error);
    this.#receiver?.end(callError(this.parts.settings.transport.name, error));
  }

  async #connect(): Promise<void> {
    const { transport } = this.parts.settings;
    const closed = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    try {
      this.#link = await transport.connect(this.#linkEvents(), this.#aborted.signal);
    } catch (thrown) {
      this.#lose(NfvError.from(thrown));
      return;
    }
    if (this.#end !== undefined) this.#link.close(this.#end);
    else this.hooks.connected();
    await closed;
  }

  #linkEvents(): LinkEvents {
    const owed = (): number => this.#receiver?.owed ?? 0;
    return {
      message: (message) => {
        if (this.#end !== undefined) return;
        if (this.#receiver !== undefined) this.#receiver.receive(message);
        else throw new NfvError('VPP_PROTOCOL', 'a message that nobody asked for');
      },
      drain: () => {
        this.#receiver?.drained();
      },
      get owed() {
        return owed();
      },
      closed: (reason) => {
        this.#closed();
        this.#lose(reason);
      },
    };
  }

  async #bind(link: Link): Promise<void> {
    const { settings, binder, deadlines, lastBoot } = this.parts;
    const binding = await binder.bind(link, (receiver) => {
      this.#receiver = receiver;
    });
    if (this.#end !== undefined) throw this.#end;
    const session = new Session(link, binding, { ...settings, deadlines }, this.hooks);
    this.#receiver = session;
    this.#session = session;
    const { vpe_pid: pid } = await session.request('control_ping', {}, {});
    if (typeof pid !== 'number') throw new NfvError('VPP_PROTOCOL', 'control_ping gives no pid');
    session.boot = nextBoot(lastBoot, pid, link.instance);
    session.watch();
  }

  #lose(error: NfvError): void {
    if (this.#end === undefined) this.hooks.lost(error);
  }
}

/** What a call fails with when its connection ends: one code, whatever it ended of. */
function callError(name: string, error: NfvError): NfvError {
  if (error.code === 'SHUTTING_DOWN' || error.code === 'VPP_CONNECTION_LOST') return error;
  const text = `the connection to ${name} was ended: ${error.message}`;
  return new NfvError('VPP_CONNECTION_LOST', text, { cause: error });
}
