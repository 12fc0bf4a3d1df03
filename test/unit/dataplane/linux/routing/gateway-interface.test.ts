import assert from 'node:assert/strict';
import { gatewayInterface } from '../../../../../src/dataplane/linux/routing/gateway-interface.js';
import type { Neighbor } from '../../../../../src/dataplane/linux/entries.js';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { View, Wants } from '../../../../../src/dataplane/linux/view.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { gateway, GATEWAY_MAC } from '../../../../support/routing-items.js';

const ITEM = gateway(7, 100, ['10.0.0.1/24', 'fd00::1/64']);
const INSIDE = 'ip -n nfvr7';
const MAC = '02:00:00:00:00:09';
const ANSWER = { mac: GATEWAY_MAC, device: 'nfvb100', extern: false, fixed: true, protocol: '78' };

/** A host whose bridge answers for these addresses. */
function answering(...ips: readonly string[]): FakeDoors {
  const doors = new FakeDoors().fail(
    /^ip neigh get/,
    'RTNETLINK answers: No such file or directory\n',
  );
  for (const ip of ips) {
    const line = `${ip} dev nfvb100 lladdr ${GATEWAY_MAC} PERMANENT proto 78`;
    doors.answer(new RegExp(`^ip neigh get ${ip} `), line);
  }
  return doors;
}

const NEAR = { ifalias: 'nfvd:gw/7/100', group: '1852208740' };

describe('GatewayInterface', () => {
  it('is made from inside, kept to its host, and marked when it is complete', async () => {
    const doors = new FakeDoors();
    await gatewayInterface.create(ITEM, doors, new Memory());
    const local = (ip: string): string =>
      `ip neigh replace ${ip} lladdr ${GATEWAY_MAC} dev nfvb100 nud permanent protocol 78`;
    assert.deepEqual(doors.said, [
      `${INSIDE} link add name gw100 address ${GATEWAY_MAC} mtu 1400 type veth ` +
        'peer name nfvg100 mtu 1400 group 1852208740 netns /proc/1/ns/net',
      `${INSIDE} link set dev gw100 mtu 1400`,
      `${INSIDE} link set dev gw100 addrgenmode none`,
      `${INSIDE} addr show`,
      `${INSIDE} addr replace 10.0.0.1/24 dev gw100`,
      `${INSIDE} addr replace fd00::1/64 dev gw100 nodad`,
      `${INSIDE} addr replace fe80::ff:fe00:fe01/64 dev gw100 nodad`,
      `${INSIDE} link set dev gw100 up alias nfvd:gw/7/100`,
      'ip link set dev nfvg100 mtu 1400 master nfvb100',
      'ip link set dev nfvg100 addrgenmode none type bridge_slave learning off flood off mcast_flood on',
      `filter nfvx100 ${GATEWAY_MAC}`,
      'broadcasts nfvg100 on',
      `bridge fdb replace ${GATEWAY_MAC} dev nfvg100 master static sticky`,
      local('10.0.0.1'),
      local('fd00::1'),
      local('fe80::ff:fe00:fe01'),
      'ip link set dev nfvg100 up alias nfvd:gw/7/100',
    ]);
  });

  it('is undone when a part of it fails, but for what has become a neighbour entry', async () => {
    const entry = (ip: string, mark: string): string =>
      `${ip} dev nfvb100 lladdr ${GATEWAY_MAC} ${mark} PERMANENT`;
    const doors = new FakeDoors()
      .fail(/fdb/, 'RTNETLINK answers: No buffer space available\n')
      .answer(/undo neigh get 10.0.0.1 /, entry('10.0.0.1', 'proto 78'))
      .answer(/undo neigh get fd00::1 /, entry('fd00::1', 'extern_learn'));
    await assert.rejects(gatewayInterface.create(ITEM, doors, new Memory()), {
      code: 'KERNEL_REFUSED',
    });
    assert.deepEqual(
      doors.said.filter((words) => words.startsWith('undo') && !words.includes(' get ')),
      ['undo neigh del 10.0.0.1 dev nfvb100', 'undo link del dev nfvg100'],
    );
  });

  it('is made anew where half of it is left', async () => {
    const doors = new FakeDoors()
      .answer(/^ip link show dev nfvg100/, [linkJson('nfvg100', NEAR)])
      .answer(/-n nfvr7 link show/, []);
    await gatewayInterface.update(ITEM, ITEM, doors, new Memory());
    const changes = doors.said.filter((words) => !words.includes('show'));
    assert.equal(changes[0], 'ip link del dev nfvg100');
    assert.match(changes[1] ?? '', /link add name gw100/);
  });

  for (const [title, near, far] of [
    ['on the host', { ifalias: '' }, undefined],
    ['in the router', NEAR, { ifalias: 'theirs' }],
  ] as const) {
    it(`gives way to nobody's interface of its name ${title}`, async () => {
      const doors = new FakeDoors().answer(/^ip link show dev nfvg100/, [
        linkJson('nfvg100', near),
      ]);
      if (far !== undefined) doors.answer(/link show dev gw100/, [linkJson('gw100', far)]);
      await assert.rejects(gatewayInterface.update(ITEM, ITEM, doors, new Memory()), {
        code: 'FOREIGN_OBJECT',
      });
      assert.ok(doors.said.every((words) => words.includes('show')));
    });
  }

  it('takes with it what kept it to its host', async () => {
    const doors = answering('10.0.0.1', 'fd00::1', 'fe80::ff:fe00:fe01');
    doors.answer(/^ip link show dev nfvg100/, [linkJson('nfvg100', NEAR)]);
    await gatewayInterface.remove(ITEM, doors, new Memory());
    const changes = doors.said.filter((words) => !/ (show|get) /.test(words));
    assert.deepEqual(changes, [
      'ip link del dev nfvg100',
      'no filter nfvx100',
      'ip neigh del 10.0.0.1 dev nfvb100',
      'ip neigh del fd00::1 dev nfvb100',
      'ip neigh del fe80::ff:fe00:fe01 dev nfvb100',
    ]);
  });

  it('is made in place of one whose link somebody deleted, and takes its answers away', async () => {
    const doors = answering('10.0.0.9');
    doors.answer(
      /^ip neigh get 10.0.0.8/,
      `10.0.0.8 dev nfvb100 lladdr ${MAC} extern_learn PERMANENT`,
    );
    const memory = new Memory();
    for (const ip of ['10.0.0.1', '10.0.0.8', '10.0.0.9']) memory.addAnswer(100, ip);
    await gatewayInterface.create(ITEM, doors, memory);
    // What has become a neighbour entry is no answer any more.
    const gone = doors.said.filter((words) => words.startsWith('ip neigh del'));
    assert.deepEqual(gone, ['ip neigh del 10.0.0.9 dev nfvb100']);
    assert.deepEqual(memory.answersOf(100), ['10.0.0.1', 'fd00::1', 'fe80::ff:fe00:fe01']);
  });

  it('is still there while its answers are, though its link is gone', async () => {
    const memory = new Memory();
    memory.setGateway(100, 7);
    memory.addAnswer(100, '10.0.0.1');
    const see = (vrf: number, neighbor: Partial<Neighbor>): unknown => {
      const wants = new Wants(false);
      gatewayInterface.reads([String(vrf), '100'], undefined, wants, memory);
      const view = new View();
      for (const { vni, ip } of wants.neighbors.values()) {
        view.addNeighbor(vni, { ...ANSWER, ip, ...neighbor });
      }
      return gatewayInterface.observe([String(vrf), '100'], undefined, view, memory);
    };
    assert.equal(see(8, {}), undefined);
    assert.equal(see(7, { extern: true }), undefined);
    const sight = see(7, {});
    assert.ok(typeof sight === 'object' && sight !== null && 'payload' in sight);
    const doors = answering('10.0.0.1');
    const from = { ...ITEM, addresses: [], mac: '' };
    await gatewayInterface.remove(from, doors, memory);
    assert.ok(doors.said.includes('ip neigh del 10.0.0.1 dev nfvb100'));
    assert.equal(see(7, {}), undefined);
  });

  it('leaves what has become the gateway of another router', async () => {
    const doors = new FakeDoors().answer(/^ip link show dev nfvg100/, [
      linkJson('nfvg100', { ifalias: 'nfvd:gw/8/100' }),
    ]);
    const memory = new Memory();
    memory.addAnswer(100, '10.0.0.9');
    await gatewayInterface.remove(ITEM, doors, memory);
    assert.equal(doors.said.length, 1);
    assert.deepEqual(memory.answersOf(100), ['10.0.0.9']);
  });
});
