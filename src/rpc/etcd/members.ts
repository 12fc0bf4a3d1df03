/** The members of an etcd cluster that we know: a channel to each, and which one is in use. */
import { setMaxListeners } from 'node:events';
import type { Client } from '@grpc/grpc-js';
import type { AuthClient } from '../gen/etcdserverpb/Auth.js';
import type { KVClient } from '../gen/etcdserverpb/KV.js';
import type { LeaseClient } from '../gen/etcdserverpb/Lease.js';
import type { MaintenanceClient } from '../gen/etcdserverpb/Maintenance.js';
import type { WatchClient } from '../gen/etcdserverpb/Watch.js';
import { formatTarget, type Address } from '../address.js';
import { loadEtcdProto } from '../load.js';
import type { TlsSource } from '../tls-keeper.js';
import { clientCredentials, type ClientTlsFiles } from '../tls.js';

export interface Member {
  /** Its address, for people. */
  readonly target: string;
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly auth: AuthClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
}

/** Of an answer; one event with the value before is 2 MiB at most. */
const MAX_ANSWER = 8 * 1024 * 1024;

const OPTIONS = {
  'grpc.max_receive_message_length': MAX_ANSWER,
  'grpc.max_send_message_length': MAX_ANSWER,
  // etcd ends connections with pings more often than every 5 s, or without a call.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 0,
  // What may be done twice is decided here, not in gRPC.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.use_local_subchannel_pool': 1,
} as const;

/** Where certificates are looked after, they are those of the moment in which a channel is made. */
export type EtcdTls = ClientTlsFiles | TlsSource;

/** What calls that are under way on channels of before have; more than any of them takes. */
const LINGER_MS = 30_000;

export class Members {
  readonly count: number;
  #members: readonly Member[];
  /** Those of before, and what ends them. */
  readonly #lingering = new Map<readonly Member[], NodeJS.Timeout>();
  readonly #proto = loadEtcdProto();
  readonly #ignore: () => void;
  #current = 0;
  #left = new AbortController();

  /** @throws NfvError FILE_UNREADABLE */
  constructor(
    private readonly endpoints: readonly Address[],
    private readonly tls: EtcdTls | undefined,
  ) {
    this.#members = this.#make();
    this.count = endpoints.length;
    // Every watch waits on it.
    setMaxListeners(0, this.#left.signal);
    const isKept = tls !== undefined && 'onChange' in tls;
    this.#ignore = isKept
      ? tls.onChange(() => {
          this.#renew();
        })
      : () => undefined;
  }

  #make(): readonly Member[] {
    const proto = this.#proto;
    const credentials = clientCredentials(this.tls);
    return this.endpoints.map((address) => {
      const target = formatTarget(address);
      const kv = new proto.KV(target, credentials, OPTIONS);
      // One connection a member.
      const shared = { ...OPTIONS, channelOverride: kv.getChannel() };
      return {
        target,
        kv,
        watch: new proto.Watch(target, credentials, shared),
        auth: new proto.Auth(target, credentials, shared),
        lease: new proto.Lease(target, credentials, shared),
        maintenance: new proto.Maintenance(target, credentials, shared),
      };
    });
  }

  /** A channel keeps the certificate that it was made with: there are new ones, for all that begins from now on. */
  #renew(): void {
    const old = this.#members;
    this.#members = this.#make();
    const timer = setTimeout(() => {
      this.#lingering.delete(old);
      closeAll(old);
    }, LINGER_MS);
    timer.unref();
    this.#lingering.set(old, timer);
    this.#abandon();
  }

  get current(): Member {
    const member = this.#members[this.#current];
    if (member === undefined) throw new RangeError('no members');
    return member;
  }

  /** Aborts when the current member is left: what goes on there is to begin again elsewhere. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  /** It does not answer: the next one from now on. */
  leave(member: Member): void {
    if (member !== this.current) return;
    this.#current = (this.#current + 1) % this.count;
    this.#abandon();
  }

  #abandon(): void {
    const left = this.#left;
    this.#left = new AbortController();
    setMaxListeners(0, this.#left.signal);
    left.abort();
  }

  close(): void {
    this.#ignore();
    for (const [old, timer] of this.#lingering) {
      clearTimeout(timer);
      closeAll(old);
    }
    this.#lingering.clear();
    closeAll(this.#members);
  }
}

function closeAll(members: readonly Member[]): void {
  for (const { kv, watch, auth, lease, maintenance } of members) {
    const clients: readonly Client[] = [watch, auth, lease, maintenance, kv];
    for (const client of clients) client.close();
  }
}
