/** etcd's API over gRPC: deadlines, one member after the other, tokens. */
import { setTimeout as wait } from 'node:timers/promises';
import type { CallOptions, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import { NfvError } from '../../errors.js';
import type { LeaseKeepAliveResponse__Output } from '../gen/etcdserverpb/LeaseKeepAliveResponse.js';
import type { StatusResponse__Output } from '../gen/etcdserverpb/StatusResponse.js';
import type { TxnResponse__Output } from '../gen/etcdserverpb/TxnResponse.js';
import type { Address } from '../address.js';
import { txnFromWire, txnToWire } from './convert.js';
import { etcdError, noneReached, wantsToken, wasNotSent } from './failures.js';
import { Members, type EtcdTls, type Member } from './members.js';
import { Token, type EtcdUser } from './token.js';
import type {
  EtcdApi,
  EtcdTxn,
  EtcdTxnResult,
  EtcdWatchAnswer,
  EtcdWatchRequest,
} from './types.js';
import { watchMember } from './watch.js';

export interface EtcdClientOptions {
  /** At least one member; the first is tried first. */
  readonly endpoints: readonly Address[];
  readonly tls?: EtcdTls | undefined;
  readonly user?: EtcdUser | undefined;
  /** Milliseconds a member has for an answer, before the next one is asked; default 2,000. */
  readonly tryMs?: number;
  /** Milliseconds in which one of them has to have answered; default 10,000. */
  readonly totalMs?: number;
}

const FIRST_WAIT_MS = 50;
const LAST_WAIT_MS = 1000;

/** A method of a member with its request bound. */
type Start<Res> = (
  member: Member,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, response?: Res) => void,
) => ClientUnaryCall;

export class EtcdClient implements EtcdApi {
  readonly #members: Members;
  readonly #token: Token;
  readonly #tryMs: number;
  readonly #totalMs: number;
  readonly #closed = new AbortController();
  #authenticating: Promise<void> | undefined;

  /** Connects at the first call. @throws NfvError FILE_UNREADABLE */
  constructor({ endpoints, tls, user, tryMs = 2000, totalMs = 10_000 }: EtcdClientOptions) {
    this.#members = new Members(endpoints, tls);
    this.#token = new Token(user);
    this.#tryMs = tryMs;
    this.#totalMs = totalMs;
  }

  async submit(txn: EtcdTxn): Promise<EtcdTxnResult> {
    const request = txnToWire(txn);
    const start: Start<TxnResponse__Output> = ({ kv }, ...rest) => kv.Txn(request, ...rest);
    return txnFromWire(await this.#call(start, wasNotSent));
  }

  async ask(txn: EtcdTxn): Promise<EtcdTxnResult> {
    const request = txnToWire(txn);
    const start: Start<TxnResponse__Output> = ({ kv }, ...rest) => kv.Txn(request, ...rest);
    return txnFromWire(await this.#call(start));
  }

  async compact(revision: number): Promise<void> {
    await this.#call(({ kv }, ...rest) => kv.Compact({ revision }, ...rest));
  }

  async grantLease(id: number, seconds: number): Promise<void> {
    await this.#call(({ lease }, ...rest) => lease.LeaseGrant({ ID: id, TTL: seconds }, ...rest));
  }

  async revokeLease(id: number): Promise<void> {
    await this.#call(({ lease }, ...rest) => lease.LeaseRevoke({ ID: id }, ...rest));
  }

  async keepLease(id: number): Promise<boolean> {
    if (this.#token.isMissing) await this.#authenticate();
    const { current: member } = this.#members;
    const options = { deadline: Date.now() + this.#tryMs };
    const call = member.lease.LeaseKeepAlive(this.#token.metadata(), options);
    // It only sends what it is asked for, and is asked once.
    call.write({ ID: id });
    const answers: AsyncIterable<LeaseKeepAliveResponse__Output> = call;
    try {
      for await (const { TTL } of answers) return TTL > 0;
    } catch (thrown) {
      const error = etcdError(thrown, member.target);
      if (error.code === 'STORE_UNREACHABLE') this.#members.leave(member);
      if (wantsToken(error)) this.#token.set('');
      throw error;
    } finally {
      // Its failure is what we ask for.
      call.on('error', () => undefined);
      call.cancel();
    }
    throw new NfvError('STORE_UNREACHABLE', `etcd ${member.target}: no answer about a lease`);
  }

  async version(): Promise<string> {
    const start: Start<StatusResponse__Output> = ({ maintenance }, ...rest) =>
      maintenance.Status({}, ...rest);
    return (await this.#call(start)).version;
  }

  async *watch(request: EtcdWatchRequest, signal: AbortSignal): AsyncGenerator<EtcdWatchAnswer> {
    if (this.#token.isMissing) await this.#authenticate();
    const { current: member, left } = this.#members;
    try {
      yield* watchMember(member, this.#token.metadata(), request, { stop: signal, left });
    } catch (thrown) {
      const error = etcdError(thrown, member.target);
      if (error.code === 'STORE_UNREACHABLE') this.#members.leave(member);
      if (!wantsToken(error) || !this.#token.isUsed) throw error;
      this.#token.set('');
      // To be watched again, with a new token.
      throw new NfvError('STORE_UNREACHABLE', error.message, { cause: error });
    }
  }

  close(): void {
    this.#closed.abort();
    this.#members.close();
  }

  /** @param mayRepeat asked of an answer that did not come: may it be tried again? */
  async #call<Res>(
    start: Start<Res>,
    mayRepeat: (error: NfvError) => boolean = () => true,
  ): Promise<Res> {
    const end = performance.now() + this.#totalMs;
    let hadToken = false;
    const said = new Map<string, NfvError>();
    for (let failures = 0; ;) {
      const { current: member } = this.#members;
      try {
        if (this.#token.isMissing) await this.#authenticate();
        return await this.#try(member, start, end);
      } catch (thrown) {
        const error = NfvError.from(thrown);
        if (this.#token.isUsed && !hadToken && wantsToken(error)) {
          hadToken = true;
          this.#token.set('');
          continue;
        }
        if (error.code !== 'STORE_UNREACHABLE') throw error;
        this.#members.leave(member);
        if (!mayRepeat(error)) throw error;
        // The latest is the last of them.
        said.delete(member.target);
        said.set(member.target, error);
        await this.#pause(++failures, end, [...said.values()]);
      }
    }
  }

  /** The next member at once; after a round of all of them, a wait. */
  async #pause(failures: number, end: number, said: readonly NfvError[]): Promise<void> {
    const round = Math.floor(failures / this.#members.count);
    const isRound = failures % this.#members.count === 0;
    const full = isRound ? Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(round - 1, 10)) : 0;
    const ms = full * (0.5 + Math.random() / 2);
    if (performance.now() + ms >= end) throw noneReached(said);
    try {
      await wait(ms, undefined, { signal: this.#closed.signal });
    } catch {
      throw this.#closedError();
    }
  }

  #try<Res>(member: Member, start: Start<Res>, end: number): Promise<Res> {
    const ms = Math.max(1, Math.min(this.#tryMs, end - performance.now()));
    return new Promise((resolve, reject) => {
      if (this.#closed.signal.aborted) {
        reject(this.#closedError());
        return;
      }
      start(member, this.#token.metadata(), { deadline: Date.now() + ms }, (error, response) => {
        if (response !== undefined) resolve(response);
        else reject(etcdError(error, member.target));
      });
    });
  }

  /** For all that wait for it. */
  #authenticate(): Promise<void> {
    this.#authenticating ??= this.#fetchToken().finally(() => {
      this.#authenticating = undefined;
    });
    return this.#authenticating;
  }

  async #fetchToken(): Promise<void> {
    const credentials = this.#token.credentials();
    const end = performance.now() + this.#tryMs;
    const { current: member } = this.#members;
    const start: Start<{ token: string }> = ({ auth }, ...rest) =>
      auth.Authenticate(credentials, ...rest);
    this.#token.set((await this.#try(member, start, end)).token);
  }

  #closedError(): NfvError {
    return new NfvError('STORE_CLOSED', 'the store is closed');
  }
}
