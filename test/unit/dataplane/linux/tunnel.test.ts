import assert from 'node:assert/strict';
import { tunnel } from '../../../../src/dataplane/linux/tunnel.js';
import { vtep } from '../../../../src/dataplane/linux/vtep.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { View, Wants } from '../../../../src/dataplane/linux/view.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';
import { tunnelTo, vtepItem } from '../../../support/linux-items.js';

describe('Tunnel and Vtep', () => {
  const item = tunnelTo(7, '10.1.0.2', '10.1.0.1');

  for (const [type, leads] of [
    ['unicast', true],
    ['local', false],
    ['blackhole', false],
  ] as const) {
    it(`a route of type ${type} ${leads ? 'leads' : 'does not lead'} to a VTEP`, async () => {
      const doors = new FakeDoors().answer(/route get/, [{ type, dev: 'u0' }]);
      const made = tunnel.create(item, doors, new Memory());
      if (leads) await made;
      else await assert.rejects(made, { code: 'VTEP_UNROUTABLE' });
      assert.deepEqual(doors.said, ['ip route get 10.1.0.2 from 10.1.0.1']);
    });
  }

  it('removing one asks for nothing', async () => {
    const doors = new FakeDoors();
    await tunnel.remove(item, doors, new Memory());
    await vtep.remove(vtepItem('10.1.0.1'), doors, new Memory());
    assert.deepEqual(doors.said, []);
  });

  it('what cannot be read is an error, not a missing route', async () => {
    const doors = new FakeDoors().fail(/route get/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(tunnel.create(item, doors, new Memory()), { code: 'NOT_PRIVILEGED' });
  });

  for (const [type, leads] of [
    ['unicast', true],
    ['unreachable', false],
  ] as const) {
    it(`is ${leads ? '' : 'not '}there when the route is of type ${type}`, () => {
      const view = new View();
      view.addRoute(item, { type, device: 'u0' });
      view.setOurs(7, 'both');
      const sight = tunnel.observe(['7'], item, view, new Memory());
      assert.deepEqual(sight, leads ? { payload: item, defects: [] } : undefined);
    });
  }

  it('is not there without the VXLAN device of its network, which is looked at', () => {
    const view = new View();
    view.addRoute(item, { type: 'unicast', device: 'u0' });
    assert.equal(tunnel.observe(['7'], item, view, new Memory()), undefined);
    view.setOurs(7, 'bridge');
    assert.equal(tunnel.observe(['7'], item, view, new Memory()), undefined);
    const wants = new Wants(false);
    tunnel.reads(['7'], item, wants, new Memory());
    assert.deepEqual([...wants.links].sort(), ['nfvb7', 'nfvx7']);
  });

  it('is never there by itself: nothing of the kernel is ours', () => {
    const view = new View();
    view.addRoute(item, { type: 'unicast', device: 'u0' });
    const memory = new Memory();
    assert.equal(tunnel.observe([], undefined, view, memory), undefined);
    assert.equal(vtep.observe([], undefined, view, memory), undefined);
    assert.deepEqual([...tunnel.list(view, memory), ...vtep.list(view, memory)], []);
    const wants = new Wants(false);
    tunnel.reads([], undefined, wants, memory);
    vtep.reads([], undefined, wants, memory);
    assert.deepEqual([wants.paths.size, wants.addresses], [0, false]);
  });

  it('from another address is another', () => {
    assert.deepEqual(tunnel.differences(item, { ...item, local: '10.1.0.9' }), [
      'local 10.1.0.9, not 10.1.0.1',
    ]);
    assert.equal(tunnel.mustRecreate(item, { ...item, local: '10.1.0.9' }), false);
    assert.deepEqual(vtep.differences(vtepItem('10.1.0.1'), vtepItem('10.1.0.1')), []);
    assert.equal(vtep.mustRecreate(vtepItem('10.1.0.1'), vtepItem('10.1.0.1')), false);
  });

  it('a VTEP is there when the host has its address', async () => {
    const answer = [
      linkJson('u0', { addr_info: [{ local: '10.1.0.1', prefixlen: 24, scope: 'global' }] }),
    ];
    const doors = new FakeDoors().answer(/addr show/, answer);
    await vtep.create(vtepItem('10.1.0.1'), doors, new Memory());
    await assert.rejects(vtep.create(vtepItem('10.1.0.9'), doors, new Memory()), {
      code: 'VTEP_ADDRESS_MISSING',
      message: 'no interface of this host has 10.1.0.9',
    });
    const view = new View();
    view.addresses = await doors.addresses();
    const seen = (address: string): boolean =>
      vtep.observe([], vtepItem(address), view, new Memory()) !== undefined;
    assert.deepEqual([seen('10.1.0.1'), seen('10.1.0.9')], [true, false]);
  });
});
