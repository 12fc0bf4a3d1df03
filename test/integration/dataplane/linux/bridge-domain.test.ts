/** BridgeDomain on the real kernel, looked at with plain `ip` and `bridge`. */
import assert from 'node:assert/strict';
import type { BridgeDomainItem, Payload } from '../../../../src/model/item.js';
import { itemOf, LinuxHost } from '../../../support/linux-host.js';
import { domain, floodTo, macAt, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { exec, needNetns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';

const VTEP = '10.1.0.1';
const OTHER = '10.1.0.9';
const VTEP6 = 'fd01::1';
const GROUP = '1852208740';

describe('kernel dataplane: bridge domain', function () {
  this.timeout(20_000);
  let host: LinuxHost;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`, `${OTHER}/24`, `${VTEP6}/64`]);
  });

  after(() => host.close());

  afterEach(async () => {
    await host.converge([], 'all');
    const left = await host.ns.json('ip', 'link', 'show');
    assert.deepEqual(
      left.map((link) => link['ifname']),
      ['lo', 'u0peer', 'u0'],
    );
  });

  const link = async (name: string): Promise<Record<string, unknown>> => {
    const [found] = await host.ns.json('ip', 'link', 'show', 'dev', name);
    assert.ok(found !== undefined);
    return found;
  };

  /** Fields by their path in iproute2's JSON: `linkinfo.info_data.id`. */
  const fields = async (name: string, ...paths: string[]): Promise<unknown[]> => {
    const found = await link(name);
    return paths.map((path) => {
      let at: unknown = found;
      for (const part of path.split('.')) {
        at = typeof at === 'object' && at !== null ? new Map(Object.entries(at)).get(part) : at;
      }
      return at;
    });
  };

  const setting = async (name: string): Promise<string> =>
    (await host.ns.run('cat', `/proc/sys/net/${name}`)).trim();

  const with_ = (item: BridgeDomainItem): Payload[] => [vtepItem(item.vtep), item];

  it('makes a bridge and a VXLAN device as wanted', async () => {
    await host.converge(with_(domain(7, VTEP)));
    const data = 'linkinfo.info_data.';
    assert.deepEqual(
      await fields(
        'nfvb7',
        'linkinfo.info_kind',
        'mtu',
        'group',
        'ifalias',
        'inet6_addr_gen_mode',
        `${data}stp_state`,
        `${data}mcast_snooping`,
      ),
      ['bridge', 1400, GROUP, 'nfvd:bd/7', 'none', 0, 0],
    );
    assert.deepEqual(
      await fields(
        'nfvx7',
        'linkinfo.info_kind',
        'mtu',
        'group',
        'ifalias',
        'inet6_addr_gen_mode',
        'master',
        `${data}id`,
        `${data}local`,
        `${data}port`,
        `${data}learning`,
      ),
      ['vxlan', 1400, GROUP, 'nfvd:bd/7@vxlan', 'none', 'nfvb7', 7, VTEP, 4789, false],
    );
    const slave = 'linkinfo.info_slave_data.';
    assert.deepEqual(
      await fields(
        'nfvx7',
        `${slave}learning`,
        `${slave}neigh_suppress`,
        `${slave}flood`,
        `${slave}mcast_flood`,
        `${slave}bcast_flood`,
      ),
      [false, true, true, true, true],
    );
    for (const name of ['nfvb7', 'nfvx7']) {
      assert.match(await host.ns.ip('link', 'show', 'dev', name), /<[^>]*\bUP\b/);
      assert.doesNotMatch(await host.ns.ip('addr', 'show', 'dev', name), /inet/);
    }
    assert.equal(await setting('ipv4/conf/nfvb7/arp_ignore'), '8');
    assert.equal(await setting('ipv4/conf/nfvb7/rp_filter'), '1');
    assert.equal(await setting('ipv4/conf/nfvb7/forwarding'), '0');
    assert.equal(await setting('ipv6/conf/nfvb7/accept_ra'), '0');
  });

  it('gives each bridge a MAC of its own, which stays', async () => {
    await host.converge([...with_(domain(7, VTEP)), domain(8, VTEP)]);
    const before = await Promise.all(['nfvb7', 'nfvb8', 'nfvx7'].map((n) => fields(n, 'address')));
    assert.equal(new Set(before.flat()).size, 3);
    // A bridge without a MAC of its own would take that of the port with the lowest.
    const low = ['address', '02:00:00:00:00:00', 'master', 'nfvb7'];
    await host.ns.ip('link', 'add', 'name', 'p', ...low, 'type', 'veth', 'peer', 'name', 'q');
    assert.deepEqual(await fields('nfvb7', 'address'), before[0]);
    await host.ns.ip('link', 'del', 'dev', 'p');
  });

  const changes: readonly (readonly [
    string,
    Partial<BridgeDomainItem>,
    string,
    string,
    unknown,
  ])[] = [
    ['mtu', { mtu: 1300 }, 'nfvx7', 'mtu', 1300],
    ['mtu of the bridge', { mtu: 1450 }, 'nfvb7', 'mtu', 1450],
    ['learn', { learn: true }, 'nfvx7', 'linkinfo.info_data.learning', true],
    ['learn at the port', { learn: true }, 'nfvx7', 'linkinfo.info_slave_data.learning', true],
    ['flood', { flood: false }, 'nfvx7', 'linkinfo.info_slave_data.flood', false],
    ['flood broadcasts', { flood: false }, 'nfvx7', 'linkinfo.info_slave_data.bcast_flood', false],
    [
      'arp suppression',
      { arpSuppression: false },
      'nfvx7',
      'linkinfo.info_slave_data.neigh_suppress',
      false,
    ],
    ['vtep', { vtep: OTHER }, 'nfvx7', 'linkinfo.info_data.local', OTHER],
    ['family', { vtep: VTEP6 }, 'nfvx7', 'linkinfo.info_data.local6', VTEP6],
    ['group', { bumGroup: '239.1.1.1' }, 'nfvx7', 'linkinfo.info_data.group', '239.1.1.1'],
    ['group and its device', { bumGroup: '239.1.1.1' }, 'nfvx7', 'linkinfo.info_data.link', 'u0'],
  ];

  for (const [title, change, name, path, value] of changes) {
    it(`changes ${title}, and back`, async () => {
      const before = domain(7, VTEP);
      const more = [vtepItem(OTHER), vtepItem(VTEP6)];
      await host.converge([...with_(before), ...more]);
      const was = await fields(name, path);
      const steps = await host.converge([...with_({ ...before, ...change }), ...more]);
      assert.deepEqual(
        steps.map(({ op, key }) => [op, key]),
        [['update', 'bd/7']],
      );
      assert.deepEqual(await fields(name, path), [value]);
      await host.converge([...with_(before), ...more]);
      assert.deepEqual(await fields(name, path), was);
    });
  }

  it('keeps what the VXLAN device knew when it must be made anew', async () => {
    const before = [...with_(domain(7, VTEP)), tunnelTo(7, '10.1.0.2', VTEP)];
    const entries = [macAt(7, '02:00:00:00:00:01', '10.1.0.2'), floodTo(7, '10.1.0.2')];
    await host.converge([...before, ...entries]);
    const index = (await link('nfvx7'))['ifindex'];
    const grouped = with_(domain(7, VTEP, { bumGroup: '239.1.1.1' }));
    const [step] = await host.plan(grouped);
    assert.ok(step !== undefined);
    await host.succeed([step]);
    assert.notEqual((await link('nfvx7'))['ifindex'], index);
    const fdb = (await host.ns.run('bridge', 'fdb', 'show', 'dev', 'nfvx7')).split('\n');
    const known = fdb.map((line) => line.trim()).filter((line) => line.includes('extern_learn'));
    assert.ok(
      known.includes('02:00:00:00:00:01 dst 10.1.0.2 self extern_learn static'),
      fdb.join('\n'),
    );
    assert.ok(known.includes('02:00:00:00:00:01 extern_learn master nfvb7'));
    assert.ok(fdb.some((line) => line.startsWith('00:00:00:00:00:00 dst 10.1.0.2')));
    // Not ours to remove while it is there: clear up through the same door.
    await host.converge([...with_(domain(7, VTEP)), ...before.slice(2), ...entries]);
  });

  const damage: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'the VXLAN device out of the bridge',
      ['link', 'set', 'dev', 'nfvx7', 'nomaster'],
      /not in nfvb7/,
    ],
    ['the VXLAN device down', ['link', 'set', 'dev', 'nfvx7', 'down'], /nfvx7: link down/],
    ['the VXLAN device gone', ['link', 'del', 'dev', 'nfvx7'], /VXLAN device is missing/],
    ['the bridge down', ['link', 'set', 'dev', 'nfvb7', 'down'], /nfvb7: link down/],
    ['the bridge gone', ['link', 'del', 'dev', 'nfvb7'], /bridge is missing/],
    ['another mtu', ['link', 'set', 'dev', 'nfvx7', 'mtu', '1200'], /nfvx7: mtu 1200/],
    ['stp', ['link', 'set', 'dev', 'nfvb7', 'type', 'bridge', 'stp_state', '1'], /stp on/],
    [
      'snooping',
      ['link', 'set', 'dev', 'nfvb7', 'type', 'bridge', 'mcast_snooping', '1'],
      /snooping/,
    ],
    [
      'half a flood',
      ['link', 'set', 'dev', 'nfvx7', 'type', 'bridge_slave', 'mcast_flood', 'off'],
      /floods only in part/,
    ],
    [
      'learning at the port',
      ['link', 'set', 'dev', 'nfvx7', 'type', 'bridge_slave', 'learning', 'on'],
      /disagree on learning/,
    ],
    ['IPv6 addresses', ['link', 'set', 'dev', 'nfvb7', 'addrgenmode', 'eui64'], /IPv6 addresses/],
  ];

  for (const [title, words, defect] of damage) {
    it(`notices and mends: ${title}`, async () => {
      const wanted = with_(domain(7, VTEP));
      await host.converge(wanted);
      await host.ns.ip(...words);
      const { defects } = await host.seen(domain(7, VTEP));
      assert.match(defects.join('; '), defect);
      const steps = await host.converge(wanted);
      assert.deepEqual(
        steps.map(({ op }) => op),
        ['update'],
      );
    });
  }

  it('notices and mends broadcasts that are not flooded', async function () {
    const path = process.env['NFVD_TEST_SEARCH_PATH'] ?? process.env['PATH'] ?? '';
    const { stdout } = await exec('env', [`PATH=${path}`, 'ip', '-V']);
    const [, major = '', minor = ''] = /iproute2-(\d+)\.(\d+)/.exec(stdout) ?? [];
    if (Number(major) * 100 + Number(minor) < 518) skip(this, 'iproute2 before 5.18 does not tell');
    await host.converge(with_(domain(7, VTEP)));
    const slave = ['type', 'bridge_slave', 'bcast_flood', 'off'];
    await host.ns.ip('link', 'set', 'dev', 'nfvx7', ...slave);
    assert.match((await host.seen(domain(7, VTEP))).defects.join(), /floods only in part/);
    await host.converge(with_(domain(7, VTEP)));
  });

  for (const [title, file, ...words] of [
    ['a setting', 'ip', 'link', 'set', 'dev', 'nfvb7', 'mtu', '1300'],
    ['the filter that keeps guests from the host', 'tc', 'qdisc', 'del', 'dev', 'nfvb7', 'clsact'],
  ] as const) {
    it(`is mended by the next agent: ${title}`, async () => {
      const wanted = with_(domain(7, VTEP));
      await host.converge(wanted);
      await host.restart();
      await host.ns.run(file, ...words);
      const steps = await host.converge(wanted);
      assert.deepEqual(
        steps.map(({ op, key }) => `${op} ${key}`),
        ['update bd/7'],
      );
    });
  }

  it('notices and mends another port, VNI and settings', async () => {
    const wanted = with_(domain(7, VTEP));
    await host.converge(wanted);
    await host.ns.ip('link', 'del', 'dev', 'nfvx7');
    await host.ns.ip(
      ...['link', 'add', 'name', 'nfvx7', 'group', GROUP, 'type', 'vxlan', 'id', '8'],
      ...['local', VTEP, 'dstport', '8472'],
    );
    await host.ns.run('sysctl', '-qw', 'net.ipv4.conf.nfvb7.arp_ignore=0');
    const { defects } = await host.seen(domain(7, VTEP));
    assert.match(defects.join('; '), /nfvx7: VNI 8.*port 8472.*creation was broken off/);
    assert.match(defects.join('; '), /arp_ignore 0, not 8/);
    await host.converge(wanted);
    assert.deepEqual(await fields('nfvx7', 'linkinfo.info_data.id'), [7]);
  });

  it('leaves a foreign interface of our name alone, and names it', async () => {
    await host.ns.ip('link', 'add', 'name', 'nfvb7', 'type', 'bridge');
    const wanted = domain(7, VTEP);
    const { objects, obstacles } = await host.observe([wanted]);
    assert.equal(objects.size, 0);
    assert.equal(obstacles.get('bd/7')?.code, 'FOREIGN_OBJECT');
    assert.equal(obstacles.get('bd/7')?.metadata['object'], 'nfvb7');
    const [error] = await host.apply([
      {
        op: 'create',
        key: 'bd/7',
        item: { key: 'bd/7', version: '1', dependsOn: [], payload: wanted },
      },
    ]);
    assert.equal(error?.code, 'FOREIGN_OBJECT');
    const left = await host.ns.json('ip', 'link', 'show');
    assert.ok(!left.some(({ ifname }) => ifname === 'nfvx7'));
    assert.deepEqual(await fields('nfvb7', 'ifalias', 'group'), [undefined, 'default']);
    await host.ns.ip('link', 'del', 'dev', 'nfvb7');
  });

  it('names the foreign VXLAN device that has its VNI, and leaves nothing half made', async () => {
    await host.ns.ip(
      'link',
      'add',
      'name',
      'mine',
      'type',
      'vxlan',
      'id',
      '7',
      'dstport',
      '4789',
      'dev',
      'u0',
    );
    const wanted = domain(7, VTEP);
    const { obstacles } = await host.observe([wanted]);
    assert.equal(obstacles.get('bd/7')?.metadata['object'], 'mine');
    const [error] = await host.apply([
      {
        op: 'create',
        key: 'bd/7',
        item: { key: 'bd/7', version: '1', dependsOn: [], payload: wanted },
      },
    ]);
    assert.equal(error?.metadata['object'], 'mine');
    await host.ns.ip('link', 'del', 'dev', 'mine');
  });

  it('lives beside a foreign VXLAN device of the other family, and breaks nothing to be it', async () => {
    const foreign = ['type', 'vxlan', 'id', '7', 'dstport', '4789', 'local', VTEP6];
    await host.ns.ip('link', 'add', 'name', 'mine6', ...foreign);
    await host.converge([vtepItem(VTEP), domain(7, VTEP)], 'all');
    const index = await fields('nfvx7', 'ifindex');
    const after = domain(7, VTEP6);
    const from = { key: 'bd/7', payload: domain(7, VTEP), defects: [] };
    const [error] = await host.apply([
      { op: 'update', key: 'bd/7', item: itemOf(after), from, differences: [] },
    ]);
    assert.equal(error?.metadata['object'], 'mine6');
    assert.deepEqual(await fields('nfvx7', 'ifindex'), index);
    await host.ns.ip('link', 'del', 'dev', 'mine6');
  });

  it('refuses an underlay that is too small, by family, and changes nothing', async () => {
    for (const [vtep, mtu] of [
      [VTEP, 1451],
      [VTEP6, 1431],
    ] as const) {
      const payload = domain(7, vtep, { mtu });
      const [error] = await host.apply([
        { op: 'create', key: 'bd/7', item: { key: 'bd/7', version: '1', dependsOn: [], payload } },
      ]);
      assert.equal(error?.code, 'UNDERLAY_MTU_TOO_SMALL');
      await host.converge(with_(domain(7, vtep, { mtu: mtu - 1 })));
      await host.converge([], 'all');
    }
  });

  it('refuses a VTEP that the host has not', async () => {
    const payload = domain(7, '10.1.0.77');
    const item = { key: 'bd/7', version: '1', dependsOn: [], payload };
    const [error] = await host.apply([{ op: 'create', key: 'bd/7', item }]);
    assert.equal(error?.code, 'VTEP_ADDRESS_MISSING');
  });

  const halves: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ['a bridge', [['nfvb7', 'type', 'bridge']]],
    ['a VXLAN device', [['nfvx7', 'type', 'vxlan', 'id', '7', 'local', VTEP, 'dstport', '4789']]],
    [
      'both',
      [
        ['nfvb7', 'type', 'bridge'],
        ['nfvx7', 'type', 'vxlan', 'id', '7', 'local', OTHER, 'dstport', '4789'],
      ],
    ],
  ];

  for (const [title, links] of halves) {
    it(`completes what a crash left of it: ${title}`, async () => {
      for (const [name = '', ...type] of links) {
        await host.ns.ip('link', 'add', 'name', name, 'group', GROUP, ...type);
      }
      const { defects } = await host.seen(domain(7, VTEP));
      assert.match(defects.join('; '), /creation was broken off/);
      await host.converge(with_(domain(7, VTEP)));
    });

    it(`removes what a crash left of it: ${title}`, async () => {
      for (const [name = '', ...type] of links) {
        await host.ns.ip('link', 'add', 'name', name, 'group', GROUP, ...type);
      }
      const steps = await host.converge([], 'all');
      assert.deepEqual(
        steps.map(({ op, key }) => [op, key]),
        [['delete', 'bd/7']],
      );
    });
  }

  it('creates and deletes twice as well as once', async () => {
    const payload = domain(7, VTEP);
    const item = { key: 'bd/7', version: '1', dependsOn: [], payload };
    await host.succeed([{ op: 'create', key: 'bd/7', item }]);
    const index = (await link('nfvx7'))['ifindex'];
    await host.succeed([{ op: 'create', key: 'bd/7', item }]);
    assert.equal((await link('nfvx7'))['ifindex'], index);
    const from = { key: 'bd/7', payload, defects: [] };
    await host.succeed([{ op: 'delete', key: 'bd/7', from }]);
    await host.succeed([{ op: 'delete', key: 'bd/7', from }]);
  });
});
