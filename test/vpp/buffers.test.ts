/** What the rings of a memif take of a real VPP's packet buffers, and where it ends. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { KEPT_BUFFERS } from '../../src/dataplane/vpp/packet-buffers.js';
import type { Payload } from '../../src/model/item.js';
import { NEW_MEMIF } from '../../src/model/vpp-ports.js';
import { eventually } from '../support/eventually.js';
import { domain, vtepItem } from '../support/linux-items.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const L = '10.9.0.1';
const UPLINK = { interface: 'loop0', addresses: [`${L}/24`], mtu: 1500, routes: [] };
const RING = 1024;
/** Of the operator's socket, on which VPP itself is the other end. */
const THEIRS = 7;

describe('packet buffers of a real VPP', function () {
  this.timeout(60_000);
  const found = findVpp();
  let vpp: RealVpp | undefined;
  let rig: VppDataplaneRig;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    vpp = new RealVpp(found);
    await vpp.start();
    await vpp.vppctl('create', 'loopback', 'interface', 'instance', '0');
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
  });
  after(async () => {
    if (vpp === undefined) return;
    await rig.close();
    rig.files.remove();
    await vpp.remove();
  });

  const ctl = async (...words: string[]): Promise<string> =>
    (await vpp?.vppctl(...words)) ?? assert.fail();

  /** The last but two of a pool's numbers. */
  async function available(): Promise<number> {
    const line = (await ctl('show', 'buffers'))
      .split('\n')
      .find((each) => each.includes('-numa-0 '));
    return Number(line?.trim().split(/\s+/).at(-3));
  }

  it('are taken by the rings of slaves, and a port is refused that would take the last', async () => {
    const socket = rig.files.socket('m');
    mkdirSync(dirname(socket), { recursive: true });
    await ctl('create', 'memif', 'socket', 'id', String(THEIRS), 'filename', socket);
    const slave = (n: number): Payload => ({
      kind: 'port',
      endpoint: `e-${n}`,
      vni: 10,
      mac: `02:00:00:00:00:0${n}`,
      addresses: [],
      adminUp: true,
      mtu: 1450,
      port: { ...NEW_MEMIF, socket, id: n, ringSize: RING, role: 'SLAVE' },
    });
    const wanted: Payload[] = [vtepItem(L), domain(10, L)];
    await rig.converge(wanted);
    const before = await available();
    const room = Math.floor((before - KEPT_BUFFERS) / RING);
    assert.ok(room > 0 && room < 9, String(before));
    for (let n = 1; n <= room; n++) {
      const master = ['memif', 'id', String(n), 'socket-id', String(THEIRS), 'master'];
      await ctl('create', 'interface', ...master);
      await ctl('set', 'interface', 'state', `memif${THEIRS}/${n}`, 'up');
      wanted.push(slave(n));
      await rig.converge(wanted);
      // VPP tries to connect every 3 s.
      await eventually(async () => (await available()) === before - n * RING, 20_000);
    }
    const one = await rig.plan([...wanted, slave(room + 1)]);
    assert.deepEqual(await rig.apply(one), [`create port/e-${room + 1}: DATAPLANE_FULL`]);
    assert.doesNotMatch(await ctl('show', 'memif'), new RegExp(` id ${room + 1} mode`));
    await rig.assertConverged(wanted);
  });
});
