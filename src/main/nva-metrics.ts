/** Metrics of `nfvd nva`, where its configuration has them. */
import type { NvaConfig } from '../nva/config.js';
import type { NvaReading } from '../nva/reading.js';
import { observedStore } from '../store/observed.js';
import type { Store } from '../store/store.js';
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import type { NvaMetrics } from '../telemetry/nva-metrics.js';
import { packageVersion } from './version.js';

export interface NvaMetricsParts {
  readonly meter: NvaMetrics;
  /** The same store, whose operations are timed. */
  measured(store: Store): Store;
  /** @returns the addresses that it can be had at */
  start(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Loaded only where it is asked for. */
export async function makeNvaMetrics(
  { metrics: configured, store: { kind } }: NvaConfig,
  tls: TlsKeeper,
  read: () => NvaReading | undefined,
): Promise<NvaMetricsParts | undefined> {
  if (configured === undefined) return undefined;
  const [{ Metrics }, { NvaMetrics }, { showCertificates }, { PageServer }] = await Promise.all([
    import('../telemetry/registry.js'),
    import('../telemetry/nva-metrics.js'),
    import('../telemetry/certificate-metrics.js'),
    import('../telemetry/page-server.js'),
  ]);
  const metrics = new Metrics('nva', packageVersion());
  showCertificates(metrics, tls);
  const meter = new NvaMetrics(metrics, read);
  const server = new PageServer(metrics, tls);
  return {
    meter,
    measured: (store) => observedStore(store, meter.storeObserver(kind)),
    start: () => server.start(configured.listen),
    stop: () => server.stop(),
  };
}
