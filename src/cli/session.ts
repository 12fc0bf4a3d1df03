import type { Call, NvaApi } from '../model/api.js';
import type { Clock } from '../model/clock.js';
import { callTimeout, connectOptions, type Env, type Globals } from './globals.js';
import type { CliHost, NvaConnection } from './host.js';
import type { Output } from './output.js';
import { ownSignal } from './own-signal.js';
import type { Input } from './read-text.js';
import { noProgress, withRetry } from './retry.js';
import { paintFor, type Paint } from './style.js';

/** What a verb works with. */
export class Session {
  readonly clock: Clock;
  readonly env: Env;
  /** For stdout and for stderr. */
  readonly paint: Paint;
  readonly errPaint: Paint;
  /** For all that is done: what only looks ends when nobody reads what it says any more. */
  readonly signal: AbortSignal;
  readonly #progress = noProgress();
  #connection: NvaConnection | undefined;

  constructor(
    readonly host: CliHost,
    readonly globals: Globals,
    readonly out: Output,
    readonly err: Output,
    /** What it does is done to its end, though nobody is left to be told. */
    changes = false,
  ) {
    this.clock = host.clock;
    this.env = host.env;
    this.paint = paintFor(out.isTTY, host.env, globals.color);
    this.errPaint = paintFor(err.isTTY, host.env, globals.color);
    this.signal = changes ? host.interrupted : AbortSignal.any([host.interrupted, out.gone]);
  }

  /** What is read of stdin and of files. */
  get input(): Input {
    return { stdin: this.host.stdin, signal: this.signal };
  }

  /** For one call; ends with the session. */
  get call(): Call {
    return { signal: ownSignal(this.signal) };
  }

  /** @throws NfvError INVALID_FIELD, FILE_UNREADABLE */
  get nva(): NvaApi {
    this.#connection ??= this.host.connect(connectOptions(this.globals, this.env));
    return this.#connection;
  }

  /** For requests that may be sent twice. */
  retry<T>(request: () => Promise<T>): Promise<T> {
    const signal = ownSignal(this.signal);
    return withRetry(this.clock, signal, callTimeout(this.globals), request, this.#progress);
  }

  close(): void {
    this.#connection?.close();
  }
}
