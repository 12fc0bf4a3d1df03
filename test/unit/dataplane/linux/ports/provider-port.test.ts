import assert from 'node:assert/strict';
import { parseLinks } from '../../../../../src/dataplane/linux/links.js';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { providerPort } from '../../../../../src/dataplane/linux/ports/provider-port.js';
import {
  parseProviderTag,
  providerTag,
} from '../../../../../src/dataplane/linux/ports/provider-tag.js';
import { probe } from '../../../../../src/dataplane/linux/probe.js';
import { View } from '../../../../../src/dataplane/linux/view.js';
import { NfvError } from '../../../../../src/errors.js';
import type { ProviderPortItem } from '../../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';

const UPLINKS = new Map([['physnet1', 'eth1']]);
const ITEM: ProviderPortItem = {
  kind: 'provider_port',
  vni: 100,
  uplink: 'physnet1',
  vlan: 0,
  mtu: 1400,
};
const VLAN = { ...ITEM, vlan: 7 };
const memory = (): Memory => new Memory(UPLINKS);
const changesOf = (doors: FakeDoors): string[] =>
  doors.said.filter((words) => !words.includes(' show'));
const uplink = (more: object = {}): FakeDoors =>
  new FakeDoors()
    .answer(/^ip link show dev eth1/, [linkJson('eth1', { mtu: 1500, ...more })])
    .answer(/^ip addr show/, []);

describe('ProviderPort', () => {
  it('is an uplink that says what it is before it changes', async () => {
    const doors = uplink();
    await providerPort.create(ITEM, doors, memory());
    const [first, ...others] = changesOf(doors);
    assert.match(first ?? '', /^ip link set dev eth1 alias nfvd:provider\/100@physnet1\.0\.[ud]$/);
    assert.deepEqual(others, [
      'ip link set dev eth1 master nfvb100',
      'ip link set dev eth1 type bridge_slave learning on flood on mcast_flood on',
      'ip link set dev eth1 up',
    ]);
  });

  it('is given back when the bridge does not take it', async () => {
    const doors = uplink({ ifalias: 'rack 7' }).fail(/master nfvb100/, 'Error: Device is busy.\n');
    await assert.rejects(providerPort.create(ITEM, doors, memory()), { code: 'KERNEL_REFUSED' });
    assert.ok(doors.said.includes('undo link set dev eth1 nomaster'));
    assert.equal(doors.said.at(-1), 'alias of eth1: rack 7');
  });

  it('on a VLAN is a device that says what it is when it is complete', async () => {
    const doors = uplink({ flags: ['UP'] });
    await providerPort.create(VLAN, doors, memory());
    assert.deepEqual(changesOf(doors), [
      'ip link add link eth1 name nfvu100 mtu 1400 group 1852208740 type vlan id 7',
      'ip link set dev nfvu100 mtu 1400',
      'ip link set dev nfvu100 addrgenmode none',
      'ip link set dev nfvu100 master nfvb100',
      'ip link set dev nfvu100 type bridge_slave learning on flood on mcast_flood on',
      'ip link set dev nfvu100 up alias nfvd:provider/100@physnet1.7.u',
    ]);
  });

  it('on a VLAN sets up an uplink that is down', async () => {
    const doors = uplink({ flags: [] });
    await providerPort.create(VLAN, doors, memory());
    assert.ok(doors.said.includes('ip link set dev eth1 up'));
  });

  for (const [text, code, message] of [
    ['Error: Unknown device type.\n', 'ITEM_UNSUPPORTED', /this kernel has no VLAN devices/],
    ['RTNETLINK answers: File exists\n', 'FOREIGN_OBJECT', /eth1 has VLAN 7 already, not ours/],
  ] as const) {
    it(`on a VLAN tells "${text.trim()}" as ${code}`, async () => {
      const doors = uplink().fail(/type vlan/, text);
      await assert.rejects(providerPort.create(VLAN, doors, memory()), { code, message });
      assert.ok(!doors.said.some((words) => words.startsWith('undo')));
    });
  }

  it('on a VLAN is undone when a part of it fails', async () => {
    const doors = uplink().fail(/master/, 'RTNETLINK answers: No buffer space available\n');
    await assert.rejects(providerPort.create(VLAN, doors, memory()), { code: 'KERNEL_REFUSED' });
    assert.equal(doors.said.at(-1), 'undo link del dev nfvu100');
  });

  it('on a VLAN is made anew where half of it is left', async () => {
    const half = linkJson('nfvu100', { group: '1852208740' });
    const doors = uplink().answer(/^ip link show dev nfvu100/, [half]);
    await providerPort.update(VLAN, VLAN, doors, memory());
    assert.equal(changesOf(doors)[0], 'ip link del dev nfvu100');
    assert.match(changesOf(doors)[1] ?? '', /^ip link add link eth1 name nfvu100/);
  });

  it('on a VLAN stays on the uplink that it is on while the one of that name is not there', () => {
    const view = new View();
    const ifalias = 'nfvd:provider/100@physnet1.7.u';
    const linkinfo = { info_kind: 'vlan', info_data: { id: 7 } };
    const [device] = parseLinks([linkJson('nfvu100', { ifalias, link: 'eth7', linkinfo })]);
    assert.ok(device !== undefined);
    view.addLink(device);
    const sight = providerPort.observe(['100'], VLAN, view, memory());
    assert.ok(sight instanceof NfvError);
    assert.equal(sight.code, 'HOST_INTERFACE_MISSING');
    assert.match(sight.message, /no interface eth1, .*; eth7 stays in its place/);
    // Of another VLAN, or once there is such an uplink, it is another.
    for (const [wanted, more] of [
      [{ ...VLAN, vlan: 8 }, []],
      [VLAN, parseLinks([linkJson('eth1')])],
    ] as const) {
      for (const link of more) view.addLink(link);
      const other = providerPort.observe(['100'], wanted, view, memory());
      assert.ok(other !== undefined && !(other instanceof NfvError));
      assert.equal(providerPort.mustRecreate(wanted, other.payload), true);
    }
  });

  it('is not in the way of a port of somebody else', async () => {
    const theirs = linkJson('nfvu100', { ifalias: 'theirs' });
    const doors = uplink().answer(/^ip link show dev nfvu100/, [theirs]);
    await assert.rejects(providerPort.create(VLAN, doors, memory()), { code: 'FOREIGN_OBJECT' });
  });

  it('goes only where it is ours', async () => {
    const doors = new FakeDoors().answer(/^ip link show$/, [
      linkJson('eth1', { ifalias: 'nfvd:provider/100@physnet1.0.d.cmFjayA3', master: 'nfvb100' }),
      linkJson('eth2', { ifalias: 'nfvd:provider/101@physnet2.0.u', master: 'nfvb101' }),
      linkJson('nfvu100', { ifalias: 'theirs' }),
      linkJson('eth3', {}),
    ]);
    await providerPort.remove(ITEM, doors, memory());
    assert.deepEqual(changesOf(doors), [
      'ip link set dev eth1 nomaster',
      'ip link set dev eth1 down',
      'alias of eth1: rack 7',
    ]);
  });

  it('has a name that iproute2 does not take for an index', async () => {
    const odd = new Memory(new Map([['physnet1', 'if7']]));
    await assert.rejects(providerPort.create(ITEM, new FakeDoors(), odd), { code: 'ITEM_INVALID' });
  });
});

describe('the alias of a provider port', () => {
  for (const wasCalled of ['', 'rack 7, "left" #2', 'ä€']) {
    it(`keeps the one that was there: ${wasCalled}`, () => {
      for (const wasUp of [true, false]) {
        const text = providerTag(VLAN, { wasUp, wasCalled });
        assert.match(text, /^[\w.-]+$/);
        const expected = { uplink: 'physnet1', vlan: 7, wasUp, wasCalled };
        assert.deepEqual(parseProviderTag(text), expected);
      }
    });
  }

  for (const text of ['', 'physnet1', 'physnet1.7', 'physnet1.7.x', 'Phys.7.u', 'p.70000.u']) {
    it(`is none: "${text}"`, () => {
      assert.equal(parseProviderTag(text), undefined);
    });
  }
});

describe('uplinks to physical networks', () => {
  const there = 'RTNETLINK answers: Cannot assign requested address\n';
  for (const vlans of [true, false]) {
    it(`are told with their MTU, ${vlans ? 'and' : 'but no'} VLANs`, async () => {
      const doors = new FakeDoors().fail(/link add/, there);
      if (!vlans) doors.fail(/type vlan/, 'Error: Unknown device type.\n');
      doors.answer(/^ip link show/, [linkJson('eth1', { mtu: 9000 })]);
      const uplinks = new Map([...UPLINKS, ['physnet2', 'eth2']]);
      const { providers } = await probe(doors.ip, true, uplinks);
      assert.deepEqual(providers, [
        { name: 'physnet1', interface: 'eth1', mtu: 9000, vlans },
        { name: 'physnet2', interface: 'eth2', mtu: 0, vlans },
      ]);
    });
  }

  it('are not told where there are none', async () => {
    const { providers } = await probe(new FakeDoors().fail(/link add/, there).ip, true);
    assert.equal(providers, undefined);
  });
});
