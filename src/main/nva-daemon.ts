/** `nfvd nva`: the NVA as a process. */
import type { Logger } from 'pino';
import { systemClock } from '../model/clock.js';
import type { NvaConfig } from '../nva/config.js';
import { Nva } from '../nva/nva.js';
import { RpcServer } from '../rpc/server.js';
import { Closing, DRAIN_MS, type Service } from './daemon.js';
import { openNvaStore } from './nva-store.js';

export async function startNva(config: NvaConfig, log: Logger): Promise<Service> {
  const closing = new Closing();
  try {
    const { vniRange, keepRevisions } = config;
    const store = await openNvaStore(config);
    closing.add(() => store.close());
    const nva = await Nva.start({ store, clock: systemClock, log, vniRange, keepRevisions });
    const server = makeServer(config, nva, log);
    closing.add(() => server.stop(DRAIN_MS));
    // Before that: it ends the calls that would not end by themselves.
    closing.add(() => nva.stop());
    closing.add(() => {
      server.setServing(false);
    });
    const addresses = await server.start();
    const { storeId, epoch, revision } = store.status();
    const replica = store.peers?.self;
    log.info({ addresses, storeId, epoch, revision, replica }, 'NVA is up');
    return closing;
  } catch (error) {
    await closing.stop();
    throw error;
  }
}

function makeServer({ listen }: NvaConfig, nva: Nva, log: Logger): RpcServer {
  return new RpcServer({
    listeners: listen,
    nva: { api: nva, session: nva.session },
    onCallEnd({ path, peer, milliseconds, error }) {
      const ms = Math.round(milliseconds);
      if (error === undefined) log.debug({ path, peer, ms }, 'call');
      else log.info({ path, peer, ms, code: error.code, error: error.message }, 'call failed');
    },
  });
}
