/** How long the certificates of a process are good. */
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import { setGauge, type Metrics } from './registry.js';

export function showCertificates(metrics: Metrics, tls: Pick<TlsKeeper, 'validity'>): void {
  const gauge = metrics.gauge({
    name: 'nfvd_certificate_expiry_timestamp_seconds',
    help: 'When a certificate of its own ends, by its file, as the Unix time',
    labels: ['file'],
  });
  metrics.onRender(() => {
    const ends = [...tls.validity()].map(({ cert, notAfter }) => {
      return [{ file: cert }, notAfter.getTime() / 1000] as const;
    });
    setGauge(gauge, ends);
  });
}
