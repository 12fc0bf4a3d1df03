/** What is said of thousands of NVEs that are gone at once costs what is new, not what there is. */
import assert from 'node:assert/strict';
import type { NveSpec } from '../../../../src/model/nve.js';
import { Liveness } from '../../../../src/nva/liveness/liveness.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { nullLog } from '../../../support/null-log.js';
import { nveInput } from '../../../support/specs.js';

const NVES = 500;
const nveName = (n: number): string => `nve-${n}`;
const SPEC: NveSpec = { ...nveInput(['192.0.2.1']).spec, nodeUuid: 'known' };

describe('nva: NVEs without a session', () => {
  const run = (): {
    clock: FakeClock;
    changed: string[];
    nves: Map<string, NveSpec>;
    stop: AbortController;
  } => {
    const clock = new FakeClock();
    const changed: string[] = [];
    const nves = new Map(Array.from({ length: NVES }, (_, n) => [nveName(n), SPEC]));
    const liveness = new Liveness({
      ...{ clock, log: nullLog, store: new MemoryStore() },
      liveness: { deadAfterMs: 3000, probers: 3, maxLostShare: 0.2, minLost: 1 },
      catalog: {
        nves: () => nves.entries(),
        nve: (id) => nves.get(id),
        isWithdrawn: () => false,
        sessionlessSince: () => 0,
      },
      index: { pathsTo: () => new Map() },
      tenures: { claimed: () => 0, isElsewhere: () => false },
      connected: () => undefined,
      changed: (nve, isOfEndpoints) => changed.push(`${nve} ${String(isOfEndpoints)}`),
    });
    const stop = new AbortController();
    void liveness.run(stop.signal);
    return { clock, changed, nves, stop };
  };

  it('are told of once, however many more come and go, and their endpoints not at all', async () => {
    const { clock, changed, nves, stop } = run();
    for (let ms = 0; ms < 5000; ms += 500) await clock.advance(500);
    const each = [...nves.keys()].map((nve) => `${nve} false`);
    assert.deepEqual(changed, each);
    for (let n = 0; n < 10; n++) {
      for (const more of [2 * n, 2 * n + 1]) nves.set(nveName(NVES + more), SPEC);
      nves.delete(nveName(n));
      await clock.advance(1000);
    }
    // The last of those that came are not gone for long enough.
    assert.equal(changed.filter((text) => each.includes(text)).length, NVES);
    assert.ok(changed.length > NVES && changed.length <= NVES + 20);
    stop.abort();
    await clock.advance(1000);
  });
});
