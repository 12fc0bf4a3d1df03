import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { NEW_ROUTER } from '../../../../src/model/router.js';
import { NEW_SUBNET } from '../../../../src/model/subnet.js';
import { connectTo, nfvctl } from '../../../support/cli.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

describe('nfvctl create', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('creates a network', async () => {
    const ran = await world.run('create network grey --vni 300 --prefix 10.9.0.0/16 --label a=b');
    assert.deepEqual(ran, { status: 0, out: 'virtualNetworks/grey created\n', err: '' });
    assert.deepEqual(world.nva.virtualNetworks.find('grey')?.spec, {
      displayName: '',
      tenant: 'default',
      vni: 300,
      encapsulation: 'VXLAN',
      mtu: 0,
      bumMode: 'HEAD_END',
      bumGroup: '',
      learning: false,
      arpSuppression: true,
      prefixes: ['10.9.0.0/16'],
      underlayFamily: 'IPV4',
      driftPolicy: 'DEFAULT',
      labels: { a: 'b' },
    });
  });

  it('creates a provider network', async () => {
    const ran = await world.run(
      'create network lab --provider-uplink physnet1 --provider-vlan 100 --vni 301',
    );
    assert.deepEqual(ran, { status: 0, out: 'virtualNetworks/lab created\n', err: '' });
    const { encapsulation, learning, arpSuppression, provider } =
      world.nva.virtualNetworks.find('lab')?.spec ?? {};
    assert.deepEqual(
      [encapsulation, learning, arpSuppression, provider],
      ['NONE', true, false, { uplink: 'physnet1', vlan: 100 }],
    );
    const odd = await world.run('create network odd --provider-vlan 100');
    assert.match(odd.err, /--provider-vlan without --provider-uplink/);
    const outside = await world.run('create network odd --provider-uplink p --provider-vlan 4095');
    assert.match(outside.err, /--provider-vlan/);
  });

  it('creates an NVE', async () => {
    const ran = await world.run('create nve host-c --vtep 10.77.0.3 --vtep fd77::3');
    assert.deepEqual(ran, { status: 0, out: 'nves/host-c created\n', err: '' });
    assert.deepEqual(world.nva.nves.find('host-c')?.spec.vtepAddresses, ['10.77.0.3', 'fd77::3']);
  });

  it('creates endpoints', async () => {
    const veth = await world.run('create endpoint a --network blue --nve host-b --veth-netns a');
    assert.equal(veth.out, 'endpoints/a created\n');
    const tap = await world.run(
      'create ep b --network blue --nve host-b --tap --mac 02:00:00:00:09:09',
    );
    assert.equal(tap.out, 'endpoints/b created\n');
    assert.deepEqual(
      ['a', 'b'].map((id) => world.nva.endpoints.find(id)?.spec.port.kind),
      ['veth', 'tap'],
    );
  });

  it('creates subnets, with a gateway and without', async () => {
    const ran = await world.run('create subnet a --network blue --prefix 10.0.0.0/24');
    assert.deepEqual(ran, { status: 0, out: 'subnets/a created\n', err: '' });
    await world.run(
      'create sn b --network red --prefix fd00::/64 --gateway none --pool fd00::8-fd00::f',
    );
    assert.deepEqual(
      ['a', 'b'].map((id) => world.nva.subnets.find(id)?.spec),
      [
        { ...NEW_SUBNET, network: 'blue', prefix: '10.0.0.0/24', gateway: '10.0.0.1' },
        {
          ...NEW_SUBNET,
          network: 'red',
          prefix: 'fd00::/64',
          gateway: '',
          pools: [{ first: 'fd00::8', last: 'fd00::f' }],
        },
      ],
    );
  });

  it('creates a router', async () => {
    await world.addRouting();
    const argv = ['create', 'router', 'r2', '--subnet', 'red-v4', '--route', '::/0 drop'];
    const options = { connect: connectTo(world.nva), clock: world.clock };
    assert.equal((await nfvctl(argv, options)).out, 'routers/r2 created\n');
    assert.deepEqual(world.nva.routers.find('r2')?.spec, {
      ...NEW_ROUTER,
      vrfId: 10_000,
      subnets: ['red-v4'],
      routes: [{ prefix: '::/0', nextHops: [], drop: true }],
    });
  });

  it('creates an endpoint with an address that it is given', async () => {
    await world.addRouting();
    const ran = await world.run(
      'create endpoint a --network blue --nve host-b --tap --subnet blue-v4 -o yaml',
    );
    assert.match(ran.out, /\n {2}ips:\n {4}- 10\.0\.0\.2\n {2}subnets:\n {4}- blue-v4\n/);
  });

  it('shows what the NVA made of it', async () => {
    const { out } = await world.run('create network grey -o json');
    assert.match(out, /\n {4}"vni": 10000,\n/);
    assert.equal((await world.run('create network gray -o name')).out, 'virtualNetworks/gray\n');
  });

  it('checks only', async () => {
    const before = world.nva.revision;
    const ran = await world.run('create network grey --dry-run --wait');
    assert.deepEqual(ran, { status: 0, out: 'virtualNetworks/grey created (dry run)\n', err: '' });
    assert.equal(world.nva.revision, before);
    assert.equal((await world.run('create network grey --vni 100 --dry-run')).status, 4);
    // A manifest to begin with.
    for (const format of ['yaml', 'json']) {
      const { out } = await world.run(`create network new-${format} --dry-run -o ${format}`);
      assert.doesNotMatch(out, /etag|revision|status/);
      const applied = await world.run('apply -f -', { stdin: out });
      assert.equal(applied.out, `virtualNetworks/new-${format} created\n`);
    }
  });

  it('waits until it is applied', async () => {
    const ran = await world.run('create network grey --wait');
    assert.deepEqual(ran, {
      status: 0,
      out: 'virtualNetworks/grey created\napplied by every NVE at revision 6 after 0ms\n',
      err: '',
    });
  });

  it('names who lags', async () => {
    world.nva.laggards = [
      { nve: 'host-b', code: 'NVE_PENDING', reason: 'r', appliedRevision: 5, failures: [] },
    ];
    const running = world.start('create network grey --wait=5s');
    await settle();
    await world.clock.advance(5000);
    assert.equal(await running.status, 6);
    assert.equal(running.out.text, 'virtualNetworks/grey created\n');
    assert.match(running.err.text, /^error: 1 NVE has not applied revision 6 after 5s\nNVE /);
  });

  it('repeats a request that may be repeated, and creates once', async () => {
    const unreachable = new NfvError('NVA_UNREACHABLE', 'gone');
    world.nva.failNext('virtualNetworks.create', unreachable, 2);
    const running = world.start('create network grey');
    await settle();
    await world.clock.advance(1000);
    assert.equal(await running.status, 0);
    assert.equal(world.nva.calls.filter((call) => call === 'virtualNetworks.create').length, 5);
  });

  it('repeats under the same request id: an answer that was lost is not another resource', async () => {
    const { virtualNetworks } = world.nva;
    const create = virtualNetworks.create.bind(virtualNetworks);
    const ids: string[] = [];
    virtualNetworks.create = async (request) => {
      ids.push(request.requestId);
      const answer = await create(request);
      if (ids.length === 1) throw new NfvError('NVA_UNREACHABLE', 'the answer was lost');
      return answer;
    };
    const running = world.start('create network grey');
    await settle();
    await world.clock.advance(200);
    assert.equal(await running.status, 0);
    assert.equal(running.out.text, 'virtualNetworks/grey created\n');
    assert.match(ids[0] ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual(ids, [ids[0], ids[0]]);
  });

  it('takes a request id', async () => {
    for (let i = 0; i < 2; i++) {
      const ran = await world.run('create network grey --request-id r-1');
      assert.deepEqual([ran.status, ran.out], [0, 'virtualNetworks/grey created\n']);
    }
    const other = await world.run('create network gray --request-id r-1');
    assert.equal(other.status, 2);
    assert.match(other.err, /REQUEST_ID_REUSED/);
  });

  const ENDPOINT = 'create endpoint x --network blue --nve host-a --veth-netns x';
  const wrong: [line: string, status: number, err: string][] = [
    ['create network Grey', 2, 'network NAME: Grey: not an id (INVALID_FIELD)'],
    ['create network blue', 4, 'virtualNetworks/blue already exists (ALREADY_EXISTS)'],
    ['create network x --vni 0', 2, '--vni: 0: not a VNI (INVALID_FIELD)'],
    ['create network x --vni 16777216', 2, '--vni: 16777216: not a VNI (INVALID_FIELD)'],
    [
      'create network x --vni 100',
      4,
      'virtual_network.vni: 100: already used by virtualNetworks/blue (VNI_IN_USE)',
    ],
    ['create network x --wait=soon', 2, '--wait: soon: not a duration (INVALID_FIELD)'],
    [
      'create nve x --vtep 10.77.0.1',
      4,
      'nve.vtep_addresses: 10.77.0.1: already used by nves/host-a (VTEP_IN_USE)',
    ],
    [
      'create nve x --vtep 224.0.0.1',
      2,
      'nve.vtep_addresses[0]: 224.0.0.1: not a unicast IP address (INVALID_FIELD)',
    ],
    [
      `${ENDPOINT} --mac 01:00:5e:00:00:01`,
      2,
      'endpoint.mac: 01:00:5e:00:00:01: a multicast MAC (INVALID_FIELD)',
    ],
    [
      `${ENDPOINT} --mac 02:00:00:00:00:01`,
      4,
      'endpoint.mac: 02:00:00:00:00:01: already used by endpoints/web-1 (MAC_IN_USE)',
    ],
    [
      `${ENDPOINT} --ip 10.0.1.5`,
      2,
      "endpoint.ips[0]: 10.0.1.5: outside the network's prefixes (INVALID_FIELD)",
    ],
    [
      `${ENDPOINT} --ip 10.0.0.11`,
      4,
      'endpoint.ips[0]: 10.0.0.11: already used by endpoints/web-1 (IP_IN_USE)',
    ],
    [
      'create endpoint x --network blue --nve host-z --veth-netns x',
      4,
      'endpoint.nve: nves/host-z: does not exist (REFERENCE_NOT_FOUND)',
    ],
    [
      'create endpoint x --network pink --nve host-a --veth-netns x',
      4,
      'endpoint.network: virtualNetworks/pink: does not exist (REFERENCE_NOT_FOUND)',
    ],
    [
      `${ENDPOINT} --veth-host-interface a-name-too-long-`,
      2,
      'endpoint.port.veth.host_interface: a-name-too-long-: 16 characters long (INVALID_FIELD)',
    ],
    [
      'create endpoint x --network blue --nve host-a',
      2,
      'no port: how is it plugged in? (INVALID_FIELD)',
    ],
  ];
  for (const [line, status, err] of wrong) {
    it(`refuses ${line}`, async () => {
      const before = world.nva.revision;
      const ran = await world.run(line);
      assert.deepEqual([ran.status, ran.out], [status, '']);
      const [first, second] = ran.err.split('\n');
      assert.equal(first, `error: ${err}`);
      assert.match(second ?? '', /^remedy: ./);
      assert.equal(world.nva.revision, before);
    });
  }
});
