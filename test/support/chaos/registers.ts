/** Clients that read and write one resource through all replicas, and what they saw of it. */
import { NfvError, type ErrorCode } from '../../../src/errors.js';
import type { NvaApi } from '../../../src/model/api.js';
import { networkSpec } from '../specs.js';
import type { Operation, Action } from './linearizable.js';

/** The register is the display name of a network. */
export const REGISTER = 'register';

/** Nothing was done, and nothing was seen. */
const NOT_DONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'STORE_UNREACHABLE',
  'WRITE_CONFLICT',
]);
const LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NVA_UNREACHABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'SHUTTING_DOWN',
  'STORE_FAILED',
  'STORE_CLOSED',
]);

const CALL_MS = 3000;

export async function createRegister(api: NvaApi, id: string, vni: number): Promise<void> {
  const spec = networkSpec({ vni, displayName: 'first' });
  const call = { signal: AbortSignal.timeout(CALL_MS * 3) };
  await api.virtualNetworks.create({ id, spec, requestId: '', validateOnly: false }, call);
}

export interface ClientOptions {
  readonly name: string;
  readonly api: NvaApi;
  /** Id of the network. */
  readonly register: string;
  readonly history: Operation[];
  /** Asked before each operation. */
  readonly goesOn: () => boolean;
  /** Milliseconds between two operations; default none. */
  readonly paceMs?: number;
  /** Which comes next, by chance; default swaps only. */
  readonly next?: () => 'read' | 'write' | 'swap';
}

/** One client, one operation after another. */
export async function useRegister(options: ClientOptions): Promise<void> {
  const { goesOn, paceMs = 0, next = () => 'swap' } = options;
  const client = new RegisterClient(options);
  while (goesOn()) {
    await client.do(next());
    if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs));
  }
}

class RegisterClient {
  #count = 0;

  constructor(private readonly options: ClientOptions) {}

  async do(kind: 'read' | 'write' | 'swap'): Promise<void> {
    if (kind === 'write') {
      const value = this.#newValue();
      await this.#update(value, '', { kind, value });
      return;
    }
    const seen = await this.#read();
    if (kind === 'read' || seen === undefined) return;
    const value = this.#newValue();
    await this.#update(value, seen.etag, { kind, from: seen.value, value });
  }

  #newValue(): string {
    return `${this.options.name}.${++this.#count}`;
  }

  async #read(): Promise<{ readonly value: string; readonly etag: string } | undefined> {
    const { api, register } = this.options;
    const start = performance.now();
    try {
      const call = { signal: AbortSignal.timeout(CALL_MS) };
      const { spec, meta } = await api.virtualNetworks.get(register, call);
      const value = spec.displayName;
      this.#record({ kind: 'read', value }, start, performance.now());
      return { value, etag: meta.etag };
    } catch (thrown) {
      // Who read nothing has seen nothing.
      const { code } = NfvError.from(thrown);
      if (!LOST.has(code) && !NOT_DONE.has(code)) throw thrown;
      return undefined;
    }
  }

  async #update(value: string, etag: string, action: Action): Promise<void> {
    const { api, register } = this.options;
    const start = performance.now();
    try {
      const call = { signal: AbortSignal.timeout(CALL_MS) };
      const changes = { displayName: value };
      const update = { id: register, changes, etag, validateOnly: false };
      await api.virtualNetworks.update(update, call);
      this.#record(action, start, performance.now());
    } catch (thrown) {
      const { code } = NfvError.from(thrown);
      if (NOT_DONE.has(code)) return;
      if (LOST.has(code)) this.#record(action, start, Infinity);
      else if (code === 'ETAG_MISMATCH' && action.kind === 'swap') {
        const { from } = action;
        this.#record({ kind: 'refused-swap', from }, start, performance.now());
      } else throw thrown;
    }
  }

  #record(action: Action, start: number, end: number): void {
    this.options.history.push({ client: this.options.name, action, start, end });
  }
}
