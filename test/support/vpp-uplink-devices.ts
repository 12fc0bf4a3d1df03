/** Uplinks on ports of VPP's own drivers, and those that are found by their NIC. */
import assert from 'node:assert/strict';
import type { DevicePort } from '../../src/dataplane/vpp/uplink/uplink.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, WANTED, type UplinkParts } from './vpp-uplink-world.js';

export function uplinkDevices(parts: UplinkParts): void {
  let world: UplinkWorld;
  let pci: string;
  let other: string;
  beforeEach(async () => {
    world = await UplinkWorld.create(parts);
    [pci = '', other = ''] = parts.functions();
  });
  afterEach(() => world.close());

  const device = (change: Partial<DevicePort> = {}): ReturnType<typeof at> =>
    at({ device: world.device(change) });
  const attach = async (args = ''): Promise<number> => {
    const { dev_index: index } = await world.client.request('dev_attach', {
      device_id: `pci/${pci}`,
      driver_name: 'nfvt',
      flags: [],
      args,
    });
    return index;
  };
  const makePort = async (dev_index: number, intf_name: string, port_id = 0): Promise<number> => {
    const made = await world.client.request('dev_create_port_if', {
      dev_index,
      intf_name,
      num_rx_queues: 0,
      num_tx_queues: 0,
      rx_queue_size: 0,
      tx_queue_size: 0,
      port_id,
      flags: [],
      args: '',
    });
    return made.sw_if_index;
  };

  it('is attached to the VPP that runs, and taken up by an agent that starts again', async () => {
    await world.becomes(device());
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
    const { tag, flags, mtu, interface_dev_type } = await world.named('up0');
    assert.match(tag, /^nfvd:uplink\/up0=[0-9a-f]{10}$/);
    assert.ok(flags.includes('IF_STATUS_API_FLAG_ADMIN_UP'));
    assert.equal(mtu[0], 1500);
    assert.equal(interface_dev_type, 'nfvt');
    assert.deepEqual(await world.addresses(), [`up0 ${L}/24`]);
  });

  for (const [what, change, seen] of [
    ['name', () => ({ name: 'wan0' }), () => `pci/${pci} nfvt: 0 wan0 1`],
    ['port', () => ({ port: 1 }), () => `pci/${pci} nfvt: 0 1 up0`],
    ['NIC', () => ({ pci: other }), () => `pci/${other} nfvt: 0 up0 1`],
    ['argument', () => ({ args: 'level=7' }), () => `pci/${pci} nfvt: 0 up0 1`],
    ['number of queues', () => ({ rxQueues: 3 }), () => `pci/${pci} nfvt: 0 up0 1`],
    ['choice of a driver', () => ({ driver: '' }), () => `pci/${pci} nfvt: 0 up0 1`],
  ] as const) {
    it(`is made anew with another ${what}, and back`, async () => {
      await world.becomes(device());
      await world.becomes(device(change()));
      assert.deepEqual(await world.devices(), [seen()]);
      assert.deepEqual(await world.addresses(), [`${what === 'name' ? 'wan0' : 'up0'} ${L}/24`]);
      await world.becomes(device());
      assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
    });
  }

  it('has what it was to have: queues and arguments', async () => {
    await world.becomes(device({ rxQueues: 3, args: 'level=7' }));
    const text = await world.cli('show device');
    assert.match(text, /\b3 RX queues/);
    assert.match(text, /^ *level +7 +0/m);
  });

  it('takes larger frames than the driver gives by itself, also when it is up already', async () => {
    await world.becomes(device());
    assert.ok((await world.named('up0')).link_mtu >= 1500);
    await world.becomes({ ...device(), mtu: 9000 });
    const { link_mtu, mtu } = await world.named('up0');
    assert.deepEqual([link_mtu, mtu[0]], [9000, 9000]);
  });

  it('carries a VLAN that is the uplink, and frames of that size', async () => {
    const vlan = { parent: 'up0', outerVlanId: 100, innerVlanId: 0, dot1ad: false };
    await world.becomes({ ...device(), addresses: [] }, { ...at({ vlan }), mtu: 3000 });
    assert.deepEqual(await world.names(), ['up0', 'up0.100']);
    assert.equal((await world.named('up0')).link_mtu, 3000);
    await world.becomes(device());
    assert.deepEqual(await world.names(), ['up0']);
  });

  it('lets the NIC go when it is no longer configured', async () => {
    await world.becomes(device());
    await (await world.agent()).converge([]);
    assert.deepEqual(await world.devices(), []);
    assert.deepEqual(await world.names(), []);
  });

  for (const name of ['loop1', 'spare-1']) {
    it(`lets the NIC go of a port that has a name as a spare loopback has: ${name}`, async () => {
      await world.becomes(device({ name }));
      await (await world.agent()).converge([]);
      assert.deepEqual(await world.devices(), []);
      assert.deepEqual(await world.names(), []);
    });
  }

  it('is one of two ports of a device, of which one goes', async () => {
    const second = { ...device({ port: 1, name: 'up1' }), addresses: ['10.7.0.1/24'] };
    const vlan = { parent: 'up1', outerVlanId: 7, innerVlanId: 0, dot1ad: false };
    const on = at({ vlan, addresses: ['10.6.0.1/24'] });
    const both = [...WANTED, { kind: 'vtep', address: '10.6.0.1' } as const];
    await (await world.agent(device(), second, on)).converge(both);
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1 up1`]);
    await world.becomes(device());
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
  });

  it('is made again in a VPP that was killed', async () => {
    const agent = await world.agent(device());
    await agent.converge(WANTED);
    await world.restartVpp();
    await agent.converge(WANTED);
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
  });

  it('goes on where it was killed, with the device attached and no interface', async () => {
    await attach();
    await world.becomes(device({ args: 'level=7' }));
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
    assert.match(await world.cli('show device'), /^ *level +7 +0/m);
  });

  it('goes on where it was killed, with an interface that has no name of ours', async () => {
    const index = await makePort(await attach(), 'up0');
    await world.becomes(device());
    assert.equal((await world.named('up0')).sw_if_index, index);
  });

  it('goes on where it was killed, with an interface on its way out', async () => {
    await world.becomes(device());
    const { sw_if_index } = await world.named('up0');
    const name = 'up0~00c0ffee';
    await world.client.request('sw_interface_set_interface_name', { sw_if_index, name });
    await world.becomes(device());
    assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 up0 1`]);
  });

  it('is found by its NIC, whoever attached it, and left standing', async () => {
    assert.deepEqual(await world.failures(at({ pci })), [`create vtep/${L}: VTEP_ADDRESS_MISSING`]);
    await makePort(await attach(), 'theirs0');
    await world.becomes(at({ pci }));
    assert.deepEqual(await world.addresses(), [`theirs0 ${L}/24`]);
    assert.equal((await world.named('theirs0')).tag, '');
    const vlan = { parent: pci, outerVlanId: 100, innerVlanId: 0, dot1ad: false };
    await world.becomes(at({ pci, addresses: [] }), at({ vlan }));
    assert.deepEqual(await world.addresses(), [`theirs0.100 ${L}/24`]);
    await (await world.agent()).converge([]);
    assert.deepEqual(await world.names(), ['theirs0']);
  });

  it('is not found by its NIC where that has several interfaces', async () => {
    const index = await attach();
    await makePort(index, 'theirs0');
    await makePort(index, 'theirs1', 1);
    const agent = await world.agent(at({ pci }));
    const { obstacles } = await agent.observe(WANTED);
    assert.equal(obstacles.get(`vtep/${L}`)?.code, 'FOREIGN_OBJECT');
    assert.match(obstacles.get(`vtep/${L}`)?.message ?? '', /theirs0, theirs1/);
  });

  describe('fails alone, and leaves nothing behind', () => {
    const driver = (name: string): void => {
      world.files.pciDrivers.set(pci, name);
    };
    const rows: readonly (readonly [string, () => Partial<DevicePort>, string])[] = [
      ['a function that there is not', () => ({ pci: '0000:fe:1f.7' }), 'VPP_DEVICE_MISSING'],
      ['a driver that VPP has not', () => ({ driver: 'nix' }), 'VPP_DRIVER_MISSING'],
      ['a driver that does not take it', () => ({ driver: 'ige' }), 'VPP_DRIVER_MISSING'],
      ['more queues than it has', () => ({ rxQueues: 9 }), 'VPP_DEVICE_REFUSED'],
      ['a port that it has not', () => ({ port: 5 }), 'VPP_DEVICE_REFUSED'],
    ];
    for (const [what, change, code] of rows) {
      it(what, async () => {
        const expected = [`create vtep/${L}: ${code}`];
        assert.deepEqual(await world.failures(device(change())), expected);
        // As an agent that tries again.
        assert.deepEqual(await world.failures(device(change())), expected);
        assert.deepEqual(await world.devices(), []);
        await world.becomes(device());
      });
    }

    it('a NIC that belongs to a driver of the kernel', async () => {
      for (const name of ['igb', '']) {
        driver(name);
        assert.deepEqual(await world.failures(device()), [`create vtep/${L}: VPP_DEVICE_REFUSED`]);
      }
      driver('vfio-pci');
      await world.becomes(device());
    });

    it('one whose name VPP has a dead interface of: it would not survive another', async () => {
      await world.client.request('dev_remove_port_if', {
        sw_if_index: await makePort(await attach(), 'up0'),
      });
      const refused = [`create vtep/${L}: VPP_DEVICE_REFUSED`];
      assert.deepEqual(await world.failures(device()), refused);
      await world.becomes(device({ name: 'up1' }));
    });

    it('one that VPP could not open: it is not asked again, which it would not survive', async () => {
      const refused = [`create vtep/${L}: VPP_DEVICE_REFUSED`];
      assert.deepEqual(await world.failures(device({ args: 'level=99' })), refused);
      assert.deepEqual(await world.failures(device({ args: 'level=99' })), refused);
      assert.deepEqual(await world.failures(device()), refused);
      await world.becomes(device({ pci: other }));
      await world.restartVpp();
      await world.becomes(device());
    });
  });

  describe('leaves alone, and names', () => {
    it('a port that somebody else has', async () => {
      await makePort(await attach(), 'theirs0');
      assert.deepEqual(await world.failures(device()), [`create vtep/${L}: FOREIGN_OBJECT`]);
      assert.deepEqual(await world.devices(), [`pci/${pci} nfvt: 0 theirs0 1`]);
    });

    it('one of that name that is in use', async () => {
      const sw_if_index = await makePort(await attach(), 'up0');
      await world.client.request('sw_interface_set_flags', {
        sw_if_index,
        flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
      });
      assert.deepEqual(await world.failures(device()), [`create vtep/${L}: FOREIGN_OBJECT`]);
      assert.equal((await world.named('up0')).tag, '');
    });

    it('an interface that has the name', async () => {
      await world.client.request('create_loopback_instance', {
        mac_address: '00:00:00:00:00:00',
        is_specified: true,
        user_instance: 5,
      });
      const failures = await world.failures(device({ name: 'loop5' }));
      assert.deepEqual(failures, [`create vtep/${L}: FOREIGN_OBJECT`]);
      assert.deepEqual(await world.devices(), []);
    });
  });

  it('says what it is that has to be made anew', async () => {
    await world.becomes(device());
    const agent = await world.agent(device({ txQueues: 2 }));
    const [step = ''] = steps(await agent.plan(WANTED));
    assert.match(step, /update vtep\/10\.9\.0\.1 \(up0: it was made with other settings\)/);
  });
}
