/** An underlay's address that goes for a while: a host that starts, an interface that is made again. */
import assert from 'node:assert/strict';
import type { Underlay } from '../../../src/model/nve.js';
import { eventually } from '../../support/eventually.js';
import type { FakeNve } from '../../support/fake-nve.js';
import { call } from '../../support/nva-harness.js';
import { SmallOverlay } from '../../support/small-overlay.js';

const underlay = (n: number, mtu: number): Underlay[] => [
  { address: `192.0.2.${n}`, interface: 'eth0', mtu },
];

describe('the MTU of a network, while an NVE has no VTEP address', function () {
  this.timeout(30_000);
  let overlay: SmallOverlay;
  const api = () => overlay.harness.client;

  before(async () => {
    overlay = await SmallOverlay.start();
  });
  after(() => overlay.close());

  const mtu = async (): Promise<number> =>
    (await api().virtualNetworks.get('blue', call)).effectiveMtu;

  const report = async (nve: FakeNve, underlays: readonly Underlay[]): Promise<void> => {
    await nve.stream.send({ kind: 'underlay_report', underlays });
    await eventually(async () => {
      const { status } = await api().nves.get('host-b', call);
      return JSON.stringify(status.underlays) === JSON.stringify(underlays);
    });
  };

  it('is what it was, for all of them, also in another process of the NVA and for an agent that starts', async () => {
    const a = overlay.fake('host-a');
    const b = overlay.fake('host-b');
    const connect = async (underlays: readonly Underlay[]): Promise<void> => {
      await a.connect({ underlays: underlay(1, 9000) });
      await b.connect({ underlays });
    };
    await connect(underlay(2, 9000));
    await eventually(async () => (await mtu()) === 8950);
    await report(b, []);
    assert.equal(await mtu(), 8950);
    // What is said of it besides is stored, too.
    const time = '2026-01-02T03:04:05.000Z';
    const drift = { key: 'bd/100', difference: 'x', action: 'REPAIRED', time } as const;
    await b.stream.send({ kind: 'drift_reports', drifts: [drift], total: 1, leftAlone: 0 });
    await eventually(async () => (await api().nves.get('host-b', call)).status.driftCount === 1);
    await overlay.harness.stopNva();
    await overlay.harness.startNva();
    assert.equal(await mtu(), 8950);
    await connect([]);
    await eventually(async () => (await api().nves.get('host-b', call)).status.state === 'IN_SYNC');
    assert.equal(await mtu(), 8950);
    await report(b, underlay(2, 1600));
    await eventually(async () => (await mtu()) === 1550);
  });
});
