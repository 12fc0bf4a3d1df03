/**
 * The southbound service on a real gRPC server, played by a test: it sends what it likes, byte by
 * byte if need be, and keeps what it was sent.
 */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { FromNva, FromNve } from '../../src/model/southbound.js';
import { fromNvaToWire, fromNveFromWire } from '../../src/rpc/convert/southbound.js';
import type { ConnectRequest__Output } from '../../src/rpc/gen/nfv/v1/ConnectRequest.js';
import { loadProtos } from '../../src/rpc/load.js';

type Call = ServerDuplexStream<ConnectRequest__Output, Buffer>;

const { Connect } = loadProtos().protos.nfv.v1.NveSessionService.service;

/** The NVA's end of one stream. */
export class NvaEnd {
  readonly received: FromNve[] = [];
  /** The agent has ended it, or it broke. */
  isOver = false;

  constructor(private readonly call: Call) {
    const over = (): void => {
      this.isOver = true;
    };
    call.on('data', (wire: ConnectRequest__Output) => this.received.push(fromNveFromWire(wire)));
    call.on('end', over);
    call.on('cancelled', over);
    call.on('error', over);
  }

  send(message: FromNva): void {
    this.sendBytes(Connect.responseSerialize(fromNvaToWire(message)));
  }

  /** One message, as it is. */
  sendBytes(message: Buffer): void {
    this.call.write(message);
  }

  end(): void {
    this.call.end();
  }

  fail(code: number, details: string): void {
    this.call.emit('error', { code, details });
  }

  /** All of one kind that came so far. */
  of<K extends FromNve['kind']>(kind: K): Extract<FromNve, { readonly kind: K }>[] {
    const is = (m: FromNve): m is Extract<FromNve, { readonly kind: K }> => m.kind === kind;
    return this.received.filter(is);
  }
}

export class ScriptedNva {
  /** In the order of their opening. */
  readonly sessions: NvaEnd[] = [];
  readonly #server = new Server({ 'grpc.max_send_message_length': -1 });

  private constructor() {
    const bytes = (b: Buffer): Buffer => b;
    const path = { ...Connect, responseSerialize: bytes, responseDeserialize: bytes };
    this.#server.addService(
      { Connect: path },
      { Connect: (call: Call) => this.sessions.push(new NvaEnd(call)) },
    );
  }

  static async start(socket: string): Promise<ScriptedNva> {
    const nva = new ScriptedNva();
    const credentials = ServerCredentials.createInsecure();
    await new Promise<void>((resolve, reject) => {
      nva.#server.bindAsync(`unix:${socket}`, credentials, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    return nva;
  }

  get last(): NvaEnd {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error('no agent has connected');
    return last;
  }

  /** Cuts all connections and listens no longer. */
  stop(): void {
    this.#server.forceShutdown();
  }
}
