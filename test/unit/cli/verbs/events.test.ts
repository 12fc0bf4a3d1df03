import assert from 'node:assert/strict';
import { CliWorld } from '../../../support/cli-world.js';
import { nvaEvent } from '../../../support/nva-events.js';

const TIME = '2026-01-02T00:00:00.000Z';

describe('nfvctl events', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
    world.nva.events.push(
      nvaEvent('endpoints/web', 0, {
        ...{ sequence: 3, replica: '192.0.2.2:4433', kind: 'CREATED', tenant: 'blue' },
        ...{ who: 'user/alice', revision: 7, traceId: 'ab' },
      }),
      nvaEvent('', 0, {
        ...{ sequence: 0, replica: '192.0.2.3:4433', kind: 'MISSED' },
        ...{ code: 'NVA_UNREACHABLE', message: 'cut\u001b[2J off' },
      }),
    );
  });

  const rows = async (line: string): Promise<string[][]> => {
    const { status, out } = await world.run(line);
    assert.equal(status, 0);
    return out
      .trim()
      .split('\n')
      .map((row) => row.split(/ {2,}/));
  };

  it('shows what happened, and harms no terminal with what is said of it', async () => {
    assert.deepEqual(await rows('events'), [
      ['TIME', 'EVENT', 'RESOURCE', 'WHO', 'MESSAGE'],
      [TIME, 'created', 'endpoints/web', 'user/alice', '-'],
      [TIME, 'missed', '-', '-', 'cut\\u001b[2J off (NVA_UNREACHABLE)'],
    ]);
  });

  for (const follow of ['', ' --follow']) {
    it(`tells with -o wide${follow} which replica told it`, async () => {
      const more = ['TENANT', 'NVE', 'REVISION', 'TRACE', 'REPLICA'];
      const [header, created, missed] = await rows(`events -o wide${follow}`);
      assert.deepEqual(header, ['TIME', 'EVENT', 'RESOURCE', 'WHO', ...more, 'MESSAGE']);
      assert.deepEqual(created?.slice(4), ['blue', '-', '7', 'ab', '192.0.2.2:4433', '-']);
      assert.equal(missed?.[8], '192.0.2.3:4433');
    });
  }

  it('has them as JSON, whole or a line each', async () => {
    const { events } = world.nva;
    assert.deepEqual(JSON.parse((await world.run('events -o json')).out), { events });
    const lines = (await world.run('events -f -o json')).out.trim().split('\n');
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line)),
      events,
    );
  });
});
