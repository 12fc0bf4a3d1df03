import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { NveStatistics } from '../../../../src/model/observation.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

const NONE = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 };

function nve(id: string, state: NveStatistics['state']): NveStatistics {
  return {
    ...{ nve: id, state, lagRevisions: 0, lagMs: 0, pendingItems: 0, deltasInFlight: 0 },
    ...{ items: { wanted: 1, applied: 1, failed: 0 }, driftedItems: 0, itemRate: 0, attach: NONE },
  };
}

describe('nfvctl top', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
    world.nva.statistics = {
      ...{ revision: 7, watchers: 0, attachesUnderWay: 0, changeRate: 0, attach: NONE },
      nves: [
        nve('a', 'IN_SYNC'),
        nve('b', 'ELSEWHERE'),
        nve('c', 'DEAD'),
        nve('d', 'DISCONNECTED'),
      ],
      silent: [{ address: '192.0.2.2:4433', code: 'NVA_UNREACHABLE', reason: 'cut\u001b[2J off' }],
    };
  });

  it('counts as connected what has a session, with whichever replica', async () => {
    const { out } = await world.run('top');
    assert.match(out, /^REVISION +CONNECTED .*\n7 +2\/4 /);
  });

  it('names a replica that does not answer, and harms no terminal with what it says', async () => {
    const { status, out } = await world.run('top');
    assert.equal(status, 0);
    const line = 'replica 192.0.2.2:4433 does not answer: cut\\u001b[2J off (NVA_UNREACHABLE)';
    assert.equal(out.split('\n')[2], line);
    assert.match(out, /\n\nNVE +STATE .*\na +IN_SYNC /);
  });

  it('goes on when the NVA was away, and says so once; not if it never was there', async () => {
    const away = new NfvError('NVA_UNREACHABLE', 'connect ECONNREFUSED');
    world.nva.failNext('observation.statistics', away);
    assert.equal((await world.run('top --watch')).status, 5);
    const running = world.start('top --watch --interval 2s -o json');
    const shown = (): number => running.out.text.split('\n').length - 1;
    await settle();
    assert.equal(shown(), 1);
    for (let i = 0; i < 2; i++) world.nva.failNext('observation.statistics', away);
    for (const ms of [2000, 200, 400]) await world.clock.advance(ms);
    assert.equal(shown(), 2);
    assert.equal(running.err.text, 'no answer (connect ECONNREFUSED); asking again\n');
    world.nva.failNext('observation.statistics', new NfvError('ACCESS_DENIED', 'not any more'));
    await world.clock.advance(2000);
    assert.equal(await running.status, 7);
  });

  it('has them as JSON, too', async () => {
    const { out } = await world.run('top -o json');
    assert.deepEqual(JSON.parse(out), world.nva.statistics);
  });
});
