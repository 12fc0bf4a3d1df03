/** A real gRPC server over a unix socket of its own, with an NVA that tests hold in their hand. */
import { ANYBODY } from './anybody.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call, NvaApi } from '../../src/model/api.js';
import { parseAddress } from '../../src/rpc/address.js';
import type { CallEnd } from '../../src/rpc/handlers.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { RpcServer } from '../../src/rpc/server.js';
import type { SessionHandler } from '../../src/rpc/session-service.js';

export interface TestServer {
  /** `unix:/tmp/…`, for `nfvctl --server`. */
  readonly target: string;
  /** How every call so far has ended. */
  readonly ends: readonly CallEnd[];
  /** A client that `stop` closes. */
  client(timeoutMs?: number): NvaClient;
  /** May be called twice. */
  stop(): Promise<void>;
}

export async function startServer(
  api: NvaApi,
  session: SessionHandler = () => Promise.resolve(),
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nfvt-rpc-'));
  const address = { kind: 'unix', path: join(directory, 'nva.sock') } as const;
  const target = `unix:${address.path}`;
  const ends: CallEnd[] = [];
  const server = new RpcServer({
    listeners: [{ address }],
    nva: { api, session, ...ANYBODY, onCallEnd: (end) => ends.push(end) },
  });
  await server.start();
  const clients: NvaClient[] = [];
  return {
    target,
    ends,
    client(timeoutMs = 5000) {
      const client = clientOf(target, timeoutMs);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      await server.stop(0);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function clientOf(target: string, timeoutMs = 5000): NvaClient {
  const address = parseAddress(target);
  if (address === undefined) throw new Error(`${target} is not an address`);
  return new NvaClient({ address, timeoutMs });
}

/** A call that nobody cancels. */
export const CALL: Call = { signal: new AbortController().signal };
