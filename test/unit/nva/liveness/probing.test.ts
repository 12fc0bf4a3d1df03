/** Replicas share the NVEs: each may have the session of one peer of a dead one only. */
import assert from 'node:assert/strict';
import type { NveSpec } from '../../../../src/model/nve.js';
import { NO_ANSWER, type QueryAnswer, type UnderlayPath } from '../../../../src/model/query.js';
import { withdrawalKey } from '../../../../src/nva/keys.js';
import { Liveness } from '../../../../src/nva/liveness/liveness.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { nullLog } from '../../../support/null-log.js';
import { nveInput } from '../../../support/specs.js';

const VTEPS = { dead: '192.0.2.1', here: '192.0.2.2', elsewhere: '192.0.2.3' };
const PATH = { local: VTEPS.here, remote: VTEPS.dead };

describe('nva: a dead NVE whose only peer here is alone here', () => {
  /** @returns whether it is withdrawn, and what its peer was asked to reach */
  async function judge(isElsewhere: boolean): Promise<{ withdrawn: boolean; asked: string[] }> {
    const clock = new FakeClock();
    const store = new MemoryStore();
    const asked: string[] = [];
    const nves = new Map(
      Object.entries(VTEPS).map(([id, vtep]): [string, NveSpec] => [
        id,
        { ...nveInput([vtep]).spec, nodeUuid: 'known' },
      ]),
    );
    const ask = ({ paths = [] }: { paths?: readonly UnderlayPath[] }): Promise<QueryAnswer> => {
      asked.push(...paths.map(({ remote }) => remote));
      const reaches = paths.map((path) => {
        const state = path.remote === VTEPS.elsewhere ? 'REACHABLE' : 'UNREACHABLE';
        return { ...path, state, detail: '' } as const;
      });
      return Promise.resolve({ ...NO_ANSWER, reaches });
    };
    const liveness = new Liveness({
      ...{ clock, log: nullLog, store },
      liveness: { deadAfterMs: 1000, probers: 3, maxLostShare: 1, minLost: 3 },
      catalog: {
        nves: () => nves.entries(),
        nve: (id) => nves.get(id),
        isWithdrawn: () => false,
        sessionlessSince: () => 0,
      },
      index: { pathsTo: (nve) => new Map(nve === 'dead' ? [['here', [PATH]]] : []) },
      tenures: { claimed: () => 1, isElsewhere: (nve) => isElsewhere && nve === 'elsewhere' },
      connected: (nve) =>
        nve === 'here' ? { probesUnderlay: true, session: { queries: { ask } } } : undefined,
      changed: () => undefined,
    });
    const stop = new AbortController();
    const running = liveness.run(stop.signal);
    for (let ms = 0; ms < 3000; ms += 500) await clock.advance(500);
    stop.abort();
    await clock.advance(500);
    await running;
    return { withdrawn: (await store.get(withdrawalKey('dead'))) !== undefined, asked };
  }

  it('is found dead by what that reaches with another replica', async () => {
    const { withdrawn, asked } = await judge(true);
    assert.deepEqual(asked, [VTEPS.dead, VTEPS.elsewhere]);
    assert(withdrawn);
  });

  it('is not where nobody else has a session', async () => {
    assert.equal((await judge(false)).withdrawn, false);
  });
});
