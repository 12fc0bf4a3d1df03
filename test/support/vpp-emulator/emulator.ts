/**
 * A VPP that is only its binary API: the real wire protocol on a unix socket, its message table with
 * names and CRCs, `get_api_json`, and the state behind the messages that the product uses, with
 * VPP's return values. The contract suites run on it and on a real VPP; where they differ, the real
 * one is right.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { readDefinitions, type Definitions, type Message } from './definitions.js';
import type { Feature, Handler } from './feature.js';
import { FEATURES } from './features/all.js';
import { arpCameIn, type ArpPacket } from './features/bd-ip-mac.js';
import { Peer, type Faults } from './peer.js';
import { Request } from './request.js';
import { VppState } from './state.js';
import { Wire, type Values } from './wire.js';

export interface EmulatorOptions {
  readonly path: string;
  /** What `get_api_json` answers. */
  readonly modules: readonly unknown[];
  /** API modules that are not there, as those of plugins that are not loaded. */
  readonly without?: readonly string[];
  /** CRCs that differ from the definitions', by message. */
  readonly crcs?: Readonly<Record<string, string>>;
  /** It does not tell its definitions, as no VPP before 24.06 does. */
  readonly withoutJson?: boolean;
}

/** A request that came. */
export interface Received {
  readonly name: string;
  readonly context: number;
  readonly values: Values;
}

/** The only ids that are the same in every VPP. */
const SOCKCLNT_CREATE = 15;
const SOCKCLNT_CREATE_REPLY = 16;
const FIRST_ID = 17;

let boots = 0;

export class VppEmulator {
  readonly definitions: Definitions;
  readonly #modules: readonly unknown[];
  readonly #wire: Wire;
  readonly #handlers = new Map<string, Handler>();
  readonly #peers = new Set<Peer>();
  #server: Server | undefined;
  #ids = new Map<string, number>();
  #byId = new Map<number, Message>();
  #state = new VppState(0);
  /** Of each connection from now on. */
  faults: Faults = {};
  /** Requests in the order they came, since the start. */
  readonly received: Received[] = [];
  /** Called with each request before it is answered; `false`: it is not. */
  gate: (request: Request) => boolean = () => true;
  /** Requests come in, but are not read. */
  #stalled = false;

  constructor(private readonly options: EmulatorOptions) {
    const { modules, without = [] } = options;
    this.#modules = modules.filter((json) => !without.includes(moduleName(json)));
    this.definitions = readDefinitions(this.#modules);
    this.#wire = new Wire(this.definitions);
    for (const feature of FEATURES) this.#learn(feature);
  }

  get path(): string {
    return this.options.path;
  }

  get state(): VppState {
    return this.#state;
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#peers.size;
  }

  /** A new VPP: nothing configured, other ids than the one before. */
  async start(): Promise<void> {
    boots++;
    this.#state = new VppState(10_000 + boots);
    this.#assignIds();
    this.received.length = 0;
    this.#stalled = false;
    rmSync(this.options.path, { force: true });
    const server = createServer((socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.options.path, resolve);
    });
  }

  /** As kill -9: the socket's file stays. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.dropClients();
    await this.#state.sockets.closeAll();
    if (server === undefined) return;
    await new Promise((resolve) => server.close(resolve));
  }

  /** Connections break, VPP lives on. */
  dropClients(): void {
    for (const peer of this.#peers) peer.socket.destroy();
    this.#peers.clear();
  }

  /** VPP hangs: it takes connections and bytes, and does nothing. */
  stall(): void {
    this.#stalled = true;
    for (const peer of this.#peers) peer.socket.pause();
  }

  resume(): void {
    this.#stalled = false;
    for (const peer of this.#peers) peer.socket.resume();
  }

  /** A message to all clients that nobody asked for: an event, a keepalive. */
  tell(name: string, values: Values, only?: number, context = 0): void {
    for (const peer of this.#peers) {
      const { clientIndex } = peer;
      if (only === undefined || only === clientIndex) this.#send(peer, name, context, values);
    }
  }

  /** An ARP packet comes in at an interface. @param now milliseconds */
  arp(packet: ArpPacket, now: number): void {
    arpCameIn(packet, now, this.#state, this);
  }

  /** Bytes as they are, to all clients. */
  tellRaw(bytes: Buffer): void {
    for (const peer of this.#peers) peer.sendRaw(bytes);
  }

  /** A message as this VPP would send it. */
  encode(name: string, context: number, values: Values): Buffer {
    const message = this.#message(name);
    const id = this.#ids.get(name) ?? 0;
    return this.#wire.encode(message, { id, clientIndex: 0, context }, values);
  }

  /** Of its message table. */
  get messageCount(): number {
    return this.#ids.size;
  }

  idOf(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`the emulator has no message ${name}`);
    return id;
  }

  #learn({ handlers }: Feature): void {
    for (const [name, handler] of Object.entries(handlers)) {
      // Not those of later releases than the one emulated, nor of plugins that are not there.
      if (this.definitions.messages.has(name)) this.#handlers.set(name, handler);
    }
  }

  #assignIds(): void {
    this.#ids = new Map();
    this.#byId = new Map();
    // Each start loads the plugins in its own order.
    const names = [...this.definitions.messages.keys()].filter((name) => !this.#isHidden(name));
    const first = boots % names.length;
    const order = [...names.slice(first), ...names.slice(0, first)];
    let next = FIRST_ID;
    for (const name of order) {
      const id =
        name === 'sockclnt_create'
          ? SOCKCLNT_CREATE
          : name === 'sockclnt_create_reply'
            ? SOCKCLNT_CREATE_REPLY
            : next++;
      this.#ids.set(name, id);
      this.#byId.set(id, this.#message(name));
    }
  }

  #isHidden(name: string): boolean {
    return this.options.withoutJson === true && name.startsWith('get_api_json');
  }

  #accept(socket: Socket): void {
    // A registration's index with its top bit set: sock_api_registration_handle.
    const clientIndex = 0x8000_0000 + this.#state.nextClient();
    const peer = new Peer(socket, clientIndex, (message) => {
      this.#receive(peer, message);
    });
    peer.faults = this.faults;
    this.#peers.add(peer);
    if (this.#stalled) socket.pause();
    socket.once('close', () => {
      this.#peers.delete(peer);
      this.#state.forgetClient(clientIndex);
    });
  }

  #receive(peer: Peer, bytes: Buffer): void {
    const message = this.#byId.get(bytes.readUInt16BE(0));
    // "no handler for msg id %d" in VPP's log, and no answer.
    if (message === undefined) return;
    if (message.name === 'sockclnt_create') {
      this.#register(peer, bytes);
      return;
    }
    const { header, values } = this.#wire.decode(message, bytes);
    // vl_api_client_index_to_registration: whoever does not know its own index gets no answer.
    if (message.hasClientIndex && header.clientIndex !== peer.clientIndex) return;
    this.received.push({ name: message.name, context: header.context, values });
    if (message.name === 'sockclnt_delete') {
      // VPP closes the socket before the reply is written to it.
      peer.socket.destroy();
      return;
    }
    const request = new Request(message, values, peer.clientIndex, {
      reply: (reply) => {
        const name = message.reply;
        if (name !== undefined) this.#send(peer, name, header.context, { retval: 0, ...reply });
      },
      details: (details) => {
        const name = message.details;
        if (name !== undefined) this.#send(peer, name, header.context, details);
      },
    });
    if (this.gate(request)) this.answer(request);
  }

  /** Answers a request that the gate has kept back. */
  answer(request: Request): void {
    if (request.name === 'get_api_json') {
      // VPP leaves out where this message itself is from.
      const told = this.#modules.filter((json) => moduleName(json) !== 'memclnt');
      request.reply({ json: `[\n${told.map((json) => JSON.stringify(json)).join()}]` });
      return;
    }
    const handler = this.#handlers.get(request.name);
    if (handler === undefined) throw new Error(`the emulator cannot ${request.name}`);
    handler(request, this.#state, this);
  }

  #register(peer: Peer, bytes: Buffer): void {
    const { header } = this.#wire.decode(this.#message('sockclnt_create'), bytes);
    const table = [...this.#ids].map(([name, index]) => ({ index, name: this.#keyOf(name) }));
    const { clientIndex } = peer;
    const values = { response: 0, index: clientIndex, count: table.length, message_table: table };
    this.#send(peer, 'sockclnt_create_reply', header.context, values);
  }

  #keyOf(name: string): string {
    return `${name}_${this.options.crcs?.[name] ?? this.#message(name).crc}`;
  }

  #send(peer: Peer, name: string, context: number, values: Values): void {
    const message = this.encode(name, context, values);
    // VPP reckons with the zero at the end of its text, which does not count as the string's.
    const padding = Buffer.alloc(name === 'get_api_json_reply' ? 1 : 0);
    peer.send(Buffer.concat([message, padding]), name);
  }

  #message(name: string): Message {
    const message = this.definitions.messages.get(name);
    if (message === undefined) throw new Error(`the emulator has no message ${name}`);
    return message;
  }
}

function moduleName(json: unknown): string {
  return typeof json === 'object' && json !== null && 'module' in json ? String(json.module) : '';
}
