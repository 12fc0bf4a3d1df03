/** A gateway that is given the address of an endpoint which goes at the same time. */
import assert from 'node:assert/strict';
import { keyOf } from '../../../../src/model/item.js';
import { itemOf, LinuxHost } from '../../../support/linux-host.js';
import { domain, neighbor, vtepItem } from '../../../support/linux-items.js';
import { needNetns } from '../../../support/netns.js';
import { gateway, GATEWAY_MAC, vrf } from '../../../support/routing-items.js';

const VTEP = '10.1.0.1';
const VNI = 7;
const base = [vtepItem(VTEP), domain(VNI, VTEP), vrf(42)];

describe('kernel dataplane: a gateway that takes the address of a neighbour', function () {
  this.timeout(30_000);
  let host: LinuxHost;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
  });

  after(() => host.close());

  it('has its answer on the bridge after the neighbour was removed', async () => {
    const guest = neighbor(VNI, '10.1.1.1', '02:00:00:00:00:77');
    await host.converge([...base, guest], 'all');
    const from = await host.seen(guest);
    const taker = gateway(42, VNI, ['10.1.1.1/24']);
    // What is made comes first: guests are to miss nothing.
    await host.succeed([{ op: 'create', key: keyOf(taker), item: itemOf(taker) }]);
    await host.succeed([{ op: 'delete', key: keyOf(guest), from }]);
    const answers = await host.ns.run('ip', 'neigh', 'show', 'dev', `nfvb${VNI}`);
    assert.match(answers, new RegExp(`^10\\.1\\.1\\.1 lladdr ${GATEWAY_MAC} PERMANENT`, 'm'));
    assert.deepEqual(await host.plan([...base, taker], 'all'), []);
    await host.converge([], 'all');
  });
});
