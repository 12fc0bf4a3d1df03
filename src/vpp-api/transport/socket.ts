import { connect as connectSocket, type Socket } from 'node:net';
import { stat } from 'node:fs/promises';
import { invalidField, NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import { DEFAULT_MAX_MESSAGE_BYTES, Framer, HEADER_BYTES, writeHeader } from '../wire/framer.js';
import {
  decodeSockclntCreateReply,
  encodeSockclntCreate,
  encodeSockclntDelete,
  SOCKCLNT_DELETE_KEY,
  type Registration,
} from '../wire/handshake.js';
import { connectError, lossError } from './socket-errors.js';
import type { Link, LinkEvents, Transport } from './transport.js';

export const DEFAULT_SOCKET_PATH = '/run/vpp/api.sock';

/** `sun_path` has 108 bytes, the last one being 0: unix(7). */
const MAX_PATH_BYTES = 107;

export interface SocketTransportOptions {
  readonly path: string;
  /** Shown by VPP's `show api clients`; at most 63 bytes count. */
  readonly clientName: string;
  readonly timers: Timers;
  /** Milliseconds from the attempt to VPP's answer; default 5,000. */
  readonly connectMs?: number;
  /** Bytes of the longest message VPP may send; default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Bytes waiting to be taken by the kernel from which on the link is congested; default 1 MiB. */
  readonly maxBacklogBytes?: number;
}

/** Bytes read at a time. */
const READ_BYTES = 256 * 1024;
/**
 * Answers owed from which on what comes is gathered for a moment before it is read. VPP writes each
 * answer by itself; to be woken by each few costs both sides more CPU than all the rest. VPP has work
 * for the moment: it does some 300 calls in it.
 */
const GATHER_FROM = 256;
const GATHER_MS = 1;
const CREATE_CONTEXT = 1;
/** VPP closes its end in about a round trip, if it does anything at all. */
const LEAVE_MS = 250;

/** VPP's API socket: `socksvr { socket-name PATH }` in its start-up configuration. */
export class SocketTransport implements Transport {
  readonly #options: Required<SocketTransportOptions>;

  /** @throws NfvError INVALID_FIELD for a path that no socket can have */
  constructor(options: SocketTransportOptions) {
    const { path } = options;
    if (path === '' || path.includes('\0') || Buffer.byteLength(path) > MAX_PATH_BYTES) {
      throw invalidField(
        'path',
        path,
        `a socket's path has 1 to ${MAX_PATH_BYTES} bytes`,
        'give the path that "socksvr { socket-name PATH }" names in VPP\'s startup.conf',
      );
    }
    this.#options = {
      connectMs: 5_000,
      maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
      maxBacklogBytes: 1024 * 1024,
      ...options,
    };
  }

  get name(): string {
    return this.#options.path;
  }

  async connect(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const { path } = this.#options;
    const instance = await instanceOf(path);
    if (signal.aborted) throw new NfvError('CANCELLED', `connecting to ${path} was given up`);
    return await new Promise((resolve, reject) => {
      const link = new SocketLink(this.#options, instance, events, {
        opened: () => {
          disarm();
          resolve(link);
        },
        failed: (error) => {
          disarm();
          reject(error);
        },
      });
      const abort = (): void => {
        link.close(new NfvError('CANCELLED', `connecting to ${path} was given up`));
      };
      const cancelTimer = this.#options.timers.after(this.#options.connectMs, () => {
        const text = `${path} did not answer to sockclnt_create in ${this.#options.connectMs} ms`;
        link.close(new NfvError('DEADLINE_EXCEEDED', text));
      });
      const disarm = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', abort);
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

/**
 * VPP binds its socket once, when it starts, and removes the file that was there (VPP
 * src/vppinfra/socket.c): inode and time of binding are those of its start.
 * @throws NfvError VPP_UNREACHABLE, NOT_PRIVILEGED
 */
async function instanceOf(path: string): Promise<string> {
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isSocket()) return `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
  } catch (thrown) {
    throw connectError(path, thrown);
  }
  throw new NfvError('VPP_UNREACHABLE', `${path} is not a socket`);
}

/** Of a link that does not stand yet; one of them is called, once. */
interface Opening {
  opened(): void;
  failed(error: NfvError): void;
}

class SocketLink implements Link {
  readonly #socket: Socket;
  readonly #framer: Framer;
  /** Undefined once the link stands. */
  #opening: Opening | undefined;
  #registration: Registration = { messageTable: new Map(), clientIndex: 0 };
  /** Why it ends, once that is certain. */
  #reason: NfvError | undefined;
  #congested = false;
  #isPaused = false;
  #isGathering = false;

  constructor(
    private readonly options: Required<SocketTransportOptions>,
    readonly instance: string,
    private readonly events: LinkEvents,
    opening: Opening,
  ) {
    this.#opening = opening;
    this.#framer = new Framer(options.maxMessageBytes, (message) => {
      this.#onMessage(message);
    });
    this.#socket = connectSocket({
      path: options.path,
      onread: {
        // The same buffer for every read: the framer copies what must outlive one.
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes, buffer) => this.#onRead(bytes, buffer),
      },
    });
    this.#listen();
  }

  get messageTable(): ReadonlyMap<string, number> {
    return this.#registration.messageTable;
  }

  get clientIndex(): number {
    return this.#registration.clientIndex;
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  get congested(): boolean {
    return this.#congested;
  }

  send(frames: Buffer, release: () => void): void {
    if (this.#reason !== undefined) {
      release();
      return;
    }
    this.#socket.write(frames, release);
    if (this.#socket.writableLength >= this.options.maxBacklogBytes) this.#congested = true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isGathering) this.#socket.resume();
  }

  close(reason: NfvError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    if (!this.#leave()) this.#socket.destroy();
  }

  /**
   * Asks VPP to close the connection: it may miss that we did, for it takes a read of 0 bytes for
   * EAGAIN if errno happens to be that (socket_api.c, to 26.06), keeps the socket and spins; after 16
   * such it serves nobody any more.
   * @returns false if there is no asking: the link does not stand, or VPP takes nothing
   */
  #leave(): boolean {
    const socket = this.#socket;
    const id = this.messageTable.get(SOCKCLNT_DELETE_KEY);
    if (this.#opening !== undefined || id === undefined) return false;
    if (!socket.writable || socket.writableLength > 0) return false;
    socket.write(framed(encodeSockclntDelete(id, this.clientIndex)));
    const giveUp = this.options.timers.after(LEAVE_MS, () => {
      socket.destroy();
    });
    socket.once('close', giveUp);
    // Else the end would not be seen.
    socket.resume();
    return true;
  }

  /**
   * Whose socket it was before and is now has the connection.
   * @throws NfvError VPP_UNREACHABLE if VPP was started again in between
   */
  async #introduce(): Promise<void> {
    const { path, clientName } = this.options;
    if ((await instanceOf(path)) !== this.instance) {
      throw new NfvError('VPP_UNREACHABLE', `${path} was made anew while we connected to it`);
    }
    if (this.#reason !== undefined) return;
    this.#socket.write(framed(encodeSockclntCreate(clientName, CREATE_CONTEXT)));
  }

  #gather(): void {
    if (this.#isGathering || this.events.owed < GATHER_FROM) return;
    this.#isGathering = true;
    this.#socket.pause();
    this.options.timers.after(GATHER_MS, () => {
      this.#isGathering = false;
      if (!this.#isPaused) this.#socket.resume();
    });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.once('connect', () => {
      this.#introduce().catch((thrown: unknown) => {
        this.close(NfvError.from(thrown));
      });
    });
    socket.on('drain', () => {
      if (!this.#congested) return;
      this.#congested = false;
      this.events.drain();
    });
    socket.once('error', (error) => {
      const { path } = this.options;
      this.#reason ??=
        this.#opening === undefined ? lossError(path, error) : connectError(path, error);
    });
    socket.once('close', () => {
      this.#onClose();
    });
  }

  /** @returns false to stop reading */
  #onRead(bytes: number, buffer: Uint8Array): boolean {
    // What comes while we leave is of no use any more.
    if (this.#reason !== undefined) return true;
    try {
      this.#framer.push(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
      this.#gather();
      return true;
    } catch (thrown) {
      this.close(NfvError.from(thrown));
      return false;
    }
  }

  #onMessage(message: Buffer): void {
    // The rest of what was read when something ended the link.
    if (this.#reason !== undefined) return;
    if (this.#opening === undefined) {
      this.events.message(message);
      return;
    }
    this.#registration = decodeSockclntCreateReply(message, CREATE_CONTEXT);
    const opening = this.#opening;
    this.#opening = undefined;
    opening.opened();
  }

  #onClose(): void {
    const { path } = this.options;
    const where = this.#framer.atBoundary ? '' : ' in mid-message';
    const opening = this.#opening;
    this.#opening = undefined;
    if (opening !== undefined) {
      const text = `${path} closed the connection before it answered to sockclnt_create`;
      opening.failed(this.#reason ?? new NfvError('VPP_UNREACHABLE', text));
      return;
    }
    const text = `VPP closed the connection to ${path}${where}`;
    this.events.closed(this.#reason ?? new NfvError('VPP_CONNECTION_LOST', text));
  }
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + message.length);
  writeHeader(frame, 0, message.length);
  message.copy(frame, HEADER_BYTES);
  return frame;
}
