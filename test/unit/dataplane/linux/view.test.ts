import assert from 'node:assert/strict';
import type { FdbEntry } from '../../../../src/dataplane/linux/entries.js';
import { parseLinks } from '../../../../src/dataplane/linux/links.js';
import { View, Wants } from '../../../../src/dataplane/linux/view.js';
import { linkJson } from '../../../support/fake-doors.js';

const MAC = '02:00:00:00:00:01';

const entry = (more: Partial<FdbEntry>): FdbEntry => ({
  mac: MAC,
  device: 'nfvx7',
  self: false,
  dst: '',
  extern: true,
  fixed: true,
  odd: false,
  ...more,
});

describe('Wants', () => {
  it('reads twice nothing that is noted twice', () => {
    const wants = new Wants(false);
    for (const vni of [7, 7, 8]) {
      wants.mac(vni, MAC);
      wants.neighbor(vni, '192.168.7.1');
      wants.path(`10.1.0.${vni}`, '10.1.0.1');
    }
    assert.deepEqual(
      [...wants.macs.values()].map(({ vni, mac }) => [vni, mac]),
      [
        [7, MAC],
        [8, MAC],
      ],
    );
    assert.equal(wants.neighbors.size, 2);
    assert.equal(wants.paths.size, 2);
    assert.equal(wants.allLinks, false);
  });

  it('reads all links with everything', () => {
    assert.equal(new Wants(true).allLinks, true);
  });
});

describe('View', () => {
  it('finds the links of ours by the keys of their aliases; a VXLAN device by its bridge', () => {
    const view = new View();
    const answer = [
      linkJson('nfvb7', { ifalias: 'nfvd:bd/7' }),
      linkJson('nfvx7', { ifalias: 'nfvd:bd/7@vxlan' }),
      linkJson('eth7', { ifalias: 'nfvd:port/web@tap-0-0-0' }),
      linkJson('eth8', { ifalias: 'uplink' }),
    ];
    for (const link of parseLinks(answer)) view.addLink(link);
    assert.deepEqual([...view.links.keys()], ['nfvb7', 'nfvx7', 'eth7', 'eth8']);
    assert.deepEqual(
      [...view.owned].map(([key, { name }]) => [key, name]),
      [
        ['bd/7', 'nfvb7'],
        ['port/web', 'eth7'],
      ],
    );
  });

  it('takes of two links with one key that which has the name it is to have', () => {
    for (const order of [
      ['foo', 'tap0'],
      ['tap0', 'foo'],
    ]) {
      const view = new View(new Map([['port/web', 'tap0']]));
      const answer = order.map((name) => linkJson(name, { ifalias: 'nfvd:port/web@tap-0-0-0' }));
      for (const link of parseLinks([...answer, ...answer])) view.addLink(link);
      assert.equal(view.owned.get('port/web')?.name, 'tap0');
      assert.deepEqual([...view.doubles.keys()], ['foo']);
    }
  });

  it("keeps the bridge's entry and those of the VXLAN device apart, by network", () => {
    const view = new View();
    view.addFdb(7, entry({ self: true, dst: '10.1.0.2' }));
    view.addFdb(7, entry({}));
    view.addFdb(7, entry({ self: true, dst: '10.1.0.3' }));
    view.addFdb(8, entry({ device: 'eth8' }));
    const { bridge, vxlan } = view.entriesOf(7, MAC);
    assert.equal(bridge?.device, 'nfvx7');
    assert.deepEqual(
      vxlan.map(({ dst }) => dst),
      ['10.1.0.2', '10.1.0.3'],
    );
    assert.deepEqual(view.entriesOf(9, MAC), { bridge: undefined, vxlan: [] });
    assert.deepEqual(
      [...view.allEntries()].map(([vni, mac]) => [vni, mac]),
      [
        [7, MAC],
        [8, MAC],
      ],
    );
  });

  it('keeps neighbours by network, and routes by both their ends', () => {
    const view = new View();
    const one = { ip: '192.168.7.1', mac: MAC, device: 'nfvb7', extern: true, fixed: true };
    view.addNeighbor(7, one);
    view.addNeighbor(8, { ...one, device: 'nfvb8' });
    assert.equal(view.neighbor(7, one.ip), one);
    assert.equal(view.neighbor(9, one.ip), undefined);
    assert.deepEqual(
      [...view.allNeighbors()].map(([vni, { device }]) => [vni, device]),
      [
        [7, 'nfvb7'],
        [8, 'nfvb8'],
      ],
    );
    view.addRoute({ remote: 'b', local: 'a' }, { type: 'unicast', device: 'u0' });
    assert.equal(view.route('b', 'a')?.device, 'u0');
    assert.equal(view.route('a', 'b'), undefined);
    assert.equal([...view.routes()].length, 1);
  });
});
