/** `nfvd nva`: the NVA as a process. */
import type { Logger } from 'pino';
import { systemClock } from '../model/clock.js';
import type { NvaConfig } from '../nva/config.js';
import { Nva } from '../nva/nva.js';
import { RpcServer } from '../rpc/server.js';
import { openLmdbStore } from '../store/lmdb/store.js';
import { DRAIN_MS, type Service } from './daemon.js';

export async function startNva(config: NvaConfig, log: Logger): Promise<Service> {
  const store = await openLmdbStore({ path: config.dataDir, maxBytes: config.maxStoreBytes });
  const { vniRange, keepRevisions } = config;
  const nva = await Nva.start({ store, clock: systemClock, log, vniRange, keepRevisions });
  const server = new RpcServer({
    listeners: config.listen,
    nva: { api: nva, session: nva.session },
    onCallEnd({ path, peer, milliseconds, error }) {
      const ms = Math.round(milliseconds);
      if (error === undefined) log.debug({ path, peer, ms }, 'call');
      else log.info({ path, peer, ms, code: error.code, error: error.message }, 'call failed');
    },
  });
  const stop = async (): Promise<void> => {
    server.setServing(false);
    await nva.stop();
    await server.stop(DRAIN_MS);
    await store.close();
  };
  try {
    const addresses = await server.start();
    const { storeId, epoch, revision } = store.status();
    log.info({ addresses, storeId, epoch, revision }, 'NVA is up');
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
