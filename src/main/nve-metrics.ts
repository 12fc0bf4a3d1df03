/** Metrics of `nfvd nve`, where its configuration has them. */
import type { NveConfig } from '../nve/config.js';
import type { NveReading } from '../nve/meter.js';
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import type { NveMetrics } from '../telemetry/nve-metrics.js';
import { packageVersion } from './version.js';

export interface NveMetricsParts {
  readonly meter: NveMetrics;
  /** @returns the addresses that it can be had at */
  start(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Loaded only where it is asked for. */
export async function makeNveMetrics(
  { metrics: configured }: NveConfig,
  tls: TlsKeeper,
  read: () => NveReading | undefined,
): Promise<NveMetricsParts | undefined> {
  if (configured === undefined) return undefined;
  const [{ Metrics }, { NveMetrics }, { showCertificates }, { PageServer }] = await Promise.all([
    import('../telemetry/registry.js'),
    import('../telemetry/nve-metrics.js'),
    import('../telemetry/certificate-metrics.js'),
    import('../telemetry/page-server.js'),
  ]);
  const metrics = new Metrics('nve', packageVersion());
  showCertificates(metrics, tls);
  const server = new PageServer(metrics, tls);
  return {
    meter: new NveMetrics(metrics, read),
    start: () => server.start(configured.listen),
    stop: () => server.stop(),
  };
}
