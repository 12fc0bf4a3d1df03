/** Pings between guests, and what they say. */
import { Background, inNetns, tryRun } from './run.js';

export interface PingResult {
  readonly sent: number;
  readonly received: number;
}

export interface PingOptions {
  readonly count: number;
  /** Seconds between two packets. */
  readonly interval: number;
  /** Of the whole IP packet, with the don't-fragment bit set. */
  readonly packetSize?: number;
}

/** IP and ICMP headers: RFC 791, RFC 792; RFC 8200, RFC 4443. */
const HEADERS = { 4: 28, 6: 48 } as const;

function args(from: string, to: string, options: PingOptions): [string, string[]] {
  const family = to.includes(':') ? 6 : 4;
  const { count, interval, packetSize } = options;
  return inNetns(
    from,
    'ping',
    `-${family}`,
    '-n',
    ...['-c', String(count), '-i', String(interval), '-W', '1'],
    ...(packetSize === undefined ? [] : ['-M', 'do', '-s', String(packetSize - HEADERS[family])]),
    to,
  );
}

function parse(output: string): PingResult {
  const match = /(\d+) packets transmitted, (\d+) received/.exec(output);
  if (match === null) throw new Error(`ping said: ${output.trim().slice(-500)}`);
  return { sent: Number(match[1]), received: Number(match[2]) };
}

/** From a namespace to an address. */
export async function ping(from: string, to: string, options: PingOptions): Promise<PingResult> {
  const { stdout, stderr } = await tryRun(...args(from, to, options));
  return parse(stdout + stderr);
}

/** A ping that goes on while something else happens. */
export class RunningPing {
  readonly #process: Background;

  constructor(from: string, to: string, options: PingOptions) {
    const [command, words] = args(from, to, options);
    // -D puts the time of its arrival before each reply.
    const at = words.indexOf('ping') + 1;
    this.#process = new Background(command, [...words.slice(0, at), '-D', ...words.slice(at)]);
  }

  get replies(): number {
    return this.#arrivals().length;
  }

  /** Waits until all its packets were sent and answered, or not. */
  async finished(): Promise<PingResult> {
    await this.#process.ended;
    return parse(this.#process.output);
  }

  /** The longest time without a reply, in milliseconds. */
  longestGapMs(): number {
    const times = this.#arrivals();
    return Math.max(0, ...times.slice(1).map((time, i) => (time - (times[i] ?? time)) * 1000));
  }

  /** Ends it now. */
  async end(): Promise<void> {
    await this.#process.kill('SIGINT');
  }

  #arrivals(): number[] {
    return [...this.#process.output.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map((match) =>
      Number(match[1]),
    );
  }
}
