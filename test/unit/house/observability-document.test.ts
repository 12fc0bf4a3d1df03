/** docs/observability.md has every metric, and no other. */
import assert from 'node:assert/strict';
import { showCertificates } from '../../../src/telemetry/certificate-metrics.js';
import { Metrics } from '../../../src/telemetry/registry.js';
import { NvaMetrics } from '../../../src/telemetry/nva-metrics.js';
import { NveMetrics } from '../../../src/telemetry/nve-metrics.js';
import { parseExposition } from '../../support/exposition.js';
import { codes, Markdown } from '../../support/markdown.js';

const page = Markdown.read('docs/observability.md');

function* nothing(): Generator<never> {
  // No certificate.
}

function nvaMetrics(): Metrics {
  const metrics = new Metrics('nva', '1.0.0');
  showCertificates(metrics, { validity: nothing });
  new NvaMetrics(metrics, () => undefined).storeObserver('embedded');
  return metrics;
}

function nveMetrics(): Metrics {
  const metrics = new Metrics('nve', '1.0.0');
  showCertificates(metrics, { validity: nothing });
  const nve = new NveMetrics(metrics, () => undefined);
  nve.commands();
  nve.vppCalls();
  nve.vppClient(() => ({ state: 'ready', inFlight: 0, waiting: 0 }));
  nve.vppStats(() => Promise.resolve(undefined));
  return metrics;
}

describe('docs/observability.md', () => {
  for (const [section, make] of [
    ['Metrics of the NVA', nvaMetrics],
    ['Metrics of an agent', nveMetrics],
  ] as const) {
    it(`${section}: every metric with its type, labels and meaning, and no other`, () => {
      const told = page.table(section).map(([name, type, labels, help]) => ({
        name: codes(name)[0],
        type,
        labels: codes(labels),
        help,
      }));
      const { described } = make();
      const expected = described.map(({ name, type, labels, help }) => {
        return { name, type, labels: [...labels], help };
      });
      assert.deepEqual(
        told.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
        expected.sort((a, b) => (a.name < b.name ? -1 : 1)),
      );
    });

    it(`${section}: names are as Prometheus wants them`, async () => {
      const metrics = make();
      for (const { name, type } of metrics.described) {
        assert.match(name, /^nfvd_[a-z0-9_]+$/);
        assert.equal(name.endsWith('_total'), type === 'counter', name);
        assert.doesNotMatch(name, /milli|micro|_ms\b|minutes|kilo|mega/, name);
        if (type === 'histogram') assert.match(name, /_seconds$/);
      }
      const families = parseExposition(await metrics.render());
      for (const { name, type, help } of metrics.described) {
        assert.deepEqual([families.get(name)?.type, families.get(name)?.help], [type, help]);
      }
    });
  }
});
