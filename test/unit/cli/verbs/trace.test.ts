import assert from 'node:assert/strict';
import type { Hop, TraceResult } from '../../../../src/model/trace.js';
import { CliWorld } from '../../../support/cli-world.js';

const WHOLE: Hop = {
  nve: 'host-a',
  what: 'port of web-1',
  key: 'port/web-1',
  state: 'OK',
  code: '',
  reason: '',
};
const TORN: Hop = {
  ...WHOLE,
  what: 'tunnel 192.0.2.1 → 192.0.2.2',
  key: 'tunnel/100/192.0.2.2',
  state: 'BROKEN',
  code: 'VTEP_UNROUTABLE',
  reason: 'no route to 192.0.2.2',
};

describe('nfvctl trace', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
    await world.addEndpoint('web-2');
  });

  const traced = async (result: TraceResult, command = 'trace web-1 web-2') => {
    world.nva.traced = result;
    return await world.run(command);
  };

  it('shows the hops, and that the way is whole', async () => {
    const ran = await traced({ state: 'OK', hops: [WHOLE] });
    assert.deepEqual(ran, {
      status: 0,
      out: 'HOP   NVE      WHAT            STATE   REASON\n1     host-a   port of web-1   OK      -\n\nthe way is whole\n',
      err: '',
    });
  });

  it('says where it breaks, with exit status 1', async () => {
    const { status, out } = await traced({ state: 'BROKEN', hops: [WHOLE, TORN] });
    assert.equal(status, 1);
    assert.match(
      out,
      /BROKEN +no route to 192\.0\.2\.2 \(VTEP_UNROUTABLE\)\n\nit breaks at hop 2\n$/,
    );
  });

  it('ends with 5 when nobody can tell', async () => {
    const unknown = { ...TORN, state: 'UNKNOWN', code: 'NVE_DISCONNECTED' } as const;
    const { status, out } = await traced({ state: 'UNKNOWN', hops: [WHOLE, unknown] });
    assert.equal(status, 5);
    assert.match(out, /\nit cannot be told from hop 2\n$/);
  });

  it('has the items with -o wide, and everything as JSON', async () => {
    const result: TraceResult = { state: 'BROKEN', hops: [TORN] };
    const wide = await traced(result, 'trace endpoint/web-1 web-2 -o wide');
    assert.match(wide.out, /ITEM/);
    assert.match(wide.out, /tunnel\/100\/192\.0\.2\.2/);
    const json = await traced(result, 'trace web-1 web-2 -o json');
    assert.deepEqual(JSON.parse(json.out), result);
    assert.equal(json.status, 1);
  });

  it('is refused for what does not exist, and for what is no name', async () => {
    assert.equal((await world.run('trace web-1 nobody')).status, 3);
    assert.equal((await world.run('trace web-1 NOBODY')).status, 2);
  });
});

describe('nfvctl counters', () => {
  it('shows them, or why they cannot be had', async () => {
    const world = await CliWorld.create();
    await world.addEndpoint('web-2');
    const counters = { rxPackets: 10, rxBytes: 1000, txPackets: 5, txBytes: 500, drops: 1 };
    const said = { endpoint: 'web-1', nve: 'host-a', code: '', reason: '' };
    world.nva.counters.set('web-1', { ...said, counters });
    const ran = await world.run('counters web-1 web-2');
    assert.equal(ran.status, 0);
    assert.match(ran.out, /\nweb-1 +host-a +10 +1000 +5 +500 +1 +-\n/);
    assert.match(ran.out, /\nweb-2 +host-a +- .*is not connected \(NVE_DISCONNECTED\)\n$/);
    const described = await world.run('describe endpoint web-1');
    assert.match(described.out, /\nReceived: +10 packets, 1000 bytes\n/);
    const { out } = await world.run('counters web-1 -o json');
    assert.deepEqual(JSON.parse(out), { counters: [{ ...said, counters }] });
  });
});
