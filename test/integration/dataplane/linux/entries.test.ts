/** Vtep, Tunnel, FloodMember, MacEntry and NeighborEntry on the real kernel. */
import assert from 'node:assert/strict';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { itemOf, LinuxHost } from '../../../support/linux-host.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';
import { needNetns, Netns } from '../../../support/netns.js';

const VTEP = '10.1.0.1';
const MAC = '02:00:00:00:00:01';

describe('kernel dataplane: entries', function () {
  this.timeout(60_000);
  let host: LinuxHost;
  let guest: Netns;
  const base = (): Payload[] => [
    vtepItem(VTEP),
    domain(7, VTEP),
    vethPort('web', 7, '02:00:00:00:00:77', guest.name),
    vethPort('db', 7, '02:00:00:00:00:78', guest.name, {
      interface: 'eth1',
      hostInterface: 'dbport',
    }),
  ];

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
    guest = await Netns.create();
    await host.converge(base());
  });

  after(async () => {
    await host.close();
    await guest.close();
  });

  afterEach(() => host.converge(base(), 'all'));

  /** Entries of a MAC as `bridge fdb show` prints them, sorted. */
  const fdb = async (mac: string): Promise<string[]> => {
    const lines = (await host.ns.run('bridge', 'fdb', 'show')).split('\n');
    return lines
      .filter((line) => line.startsWith(mac))
      .map((line) => line.trim())
      .sort();
  };

  const remove = async (payload: Payload): Promise<void> => {
    const key = keyOf(payload);
    const from = { key, payload, defects: [] };
    await host.succeed([{ op: 'delete', key, from }]);
    await host.succeed([{ op: 'delete', key, from }]);
  };

  const create = async (payload: Payload): Promise<void> => {
    const step = { op: 'create' as const, key: keyOf(payload), item: itemOf(payload) };
    await host.succeed([step]);
    await host.succeed([step]);
  };

  const portOf = async (endpoint: string): Promise<string> => {
    const links = await host.ns.json('ip', 'link', 'show');
    const link = links.find(({ ifalias }) => String(ifalias).startsWith(`nfvd:port/${endpoint}@`));
    return String(link?.['ifname']);
  };

  describe('MacEntry', () => {
    it('is two entries for a remote VTEP, ours by their mark', async () => {
      await create(macAt(7, MAC, '10.1.0.2'));
      assert.deepEqual(await fdb(MAC), [
        `${MAC} dev nfvx7 dst 10.1.0.2 self extern_learn static`,
        `${MAC} dev nfvx7 extern_learn master nfvb7`,
      ]);
      await host.converge([...base(), macAt(7, MAC, '10.1.0.2')]);
      await remove(macAt(7, MAC, '10.1.0.2'));
      assert.deepEqual(await fdb(MAC), []);
    });

    it('is one entry at the port of an endpoint, whatever the port is called', async () => {
      for (const endpoint of ['web', 'db']) {
        await create(macOf(7, MAC, endpoint));
        const port = await portOf(endpoint);
        assert.deepEqual(await fdb(MAC), [`${MAC} dev ${port} extern_learn master nfvb7`]);
        await remove(macOf(7, MAC, endpoint));
        assert.deepEqual(await fdb(MAC), []);
      }
    });

    const moves: readonly (readonly [string, Payload, Payload, readonly string[]])[] = [
      [
        'to another VTEP',
        macAt(7, MAC, '10.1.0.2'),
        macAt(7, MAC, '10.1.0.3'),
        [
          `${MAC} dev nfvx7 dst 10.1.0.3 self extern_learn static`,
          `${MAC} dev nfvx7 extern_learn master nfvb7`,
        ],
      ],
      [
        'from a VTEP to an endpoint',
        macAt(7, MAC, '10.1.0.2'),
        macOf(7, MAC, 'db'),
        [`${MAC} dev dbport extern_learn master nfvb7`],
      ],
      [
        'from an endpoint to a VTEP',
        macOf(7, MAC, 'db'),
        macAt(7, MAC, '10.1.0.2'),
        [
          `${MAC} dev nfvx7 dst 10.1.0.2 self extern_learn static`,
          `${MAC} dev nfvx7 extern_learn master nfvb7`,
        ],
      ],
      [
        'from an endpoint to another',
        macOf(7, MAC, 'web'),
        macOf(7, MAC, 'db'),
        [`${MAC} dev dbport extern_learn master nfvb7`],
      ],
    ];

    for (const [title, from, to, expected] of moves) {
      it(`moves ${title} as one update`, async () => {
        await host.converge([...base(), from]);
        const steps = await host.converge([...base(), to]);
        assert.deepEqual(
          steps.map(({ op }) => op),
          ['update'],
        );
        assert.deepEqual(await fdb(MAC), expected);
      });
    }

    it('is observed behind an endpoint by an agent that was just started', async () => {
      const items = [...base(), macOf(7, MAC, 'db')];
      await host.converge(items);
      await host.restart();
      assert.deepEqual(await host.plan([macOf(7, MAC, 'db')]), []);
      await host.restart();
      assert.deepEqual(await host.plan(items, 'all'), []);
    });

    for (const [title, words] of [
      ["the bridge's half", ['fdb', 'del', MAC, 'dev', 'nfvx7', 'master']],
      ["the VXLAN device's half", ['fdb', 'del', MAC, 'dev', 'nfvx7', 'self']],
      [
        "the VXLAN device's half, no longer marked",
        ['fdb', 'replace', MAC, 'dev', 'nfvx7', 'dst', '10.1.0.9', 'self', 'dynamic'],
      ],
      [
        "the VXLAN device's half, another port",
        [
          'fdb',
          'replace',
          MAC,
          'dev',
          'nfvx7',
          'dst',
          '10.1.0.2',
          'port',
          '8472',
          'self',
          'extern_learn',
        ],
      ],
    ] as const) {
      it(`notices and mends what is wrong: ${title}`, async () => {
        const items = [...base(), macAt(7, MAC, '10.1.0.2')];
        await host.converge(items);
        await host.ns.run('bridge', ...words);
        const steps = await host.converge(items);
        assert.deepEqual(
          steps.map(({ op, key }) => [op, key]),
          [['update', `mac/7/${MAC}`]],
        );
        assert.equal((await fdb(MAC)).length, 2);
      });
    }

    it("leaves somebody else's entry alone, and names it", async () => {
      await host.ns.run('bridge', 'fdb', 'add', MAC, 'dev', 'dbport', 'master', 'static');
      const { objects, obstacles } = await host.observe([macAt(7, MAC, '10.1.0.2')]);
      assert.equal(objects.size, 0);
      assert.equal(obstacles.get(`mac/7/${MAC}`)?.code, 'FOREIGN_OBJECT');
      // Not wanted it is no concern of ours, and removing it removes nothing.
      assert.deepEqual(await host.plan(base(), 'all'), []);
      await remove(macAt(7, MAC, '10.1.0.2'));
      assert.equal((await fdb(MAC)).length, 1);
      await host.ns.run('bridge', 'fdb', 'del', MAC, 'dev', 'dbport', 'master');
    });

    it('survives that somebody sets the VXLAN device down and up', async () => {
      const items = [...base(), macAt(7, MAC, '10.1.0.2'), floodTo(7, '10.1.0.2')];
      await host.converge(items);
      await host.ns.ip('link', 'set', 'dev', 'nfvx7', 'down');
      await host.ns.ip('link', 'set', 'dev', 'nfvx7', 'up');
      assert.equal((await fdb(MAC)).length, 2);
      assert.deepEqual(await host.plan(items), []);
    });

    it('is blocked by an endpoint that has no port here', async () => {
      const payload = macOf(7, MAC, 'nobody');
      const step = { op: 'create' as const, key: keyOf(payload), item: itemOf(payload) };
      const [error] = await host.apply([step]);
      assert.equal(error?.code, 'ITEM_BLOCKED');
    });
  });

  describe('FloodMember', () => {
    const list = (): Promise<string[]> => fdb('00:00:00:00:00:00');

    it('is one destination among others', async () => {
      await create(floodTo(7, '10.1.0.2'));
      await create(floodTo(7, '10.1.0.3'));
      assert.deepEqual(await list(), [
        '00:00:00:00:00:00 dev nfvx7 dst 10.1.0.2 self extern_learn static',
        '00:00:00:00:00:00 dev nfvx7 dst 10.1.0.3 self extern_learn static',
      ]);
      await host.converge([...base(), floodTo(7, '10.1.0.2'), floodTo(7, '10.1.0.3')]);
      await remove(floodTo(7, '10.1.0.2'));
      assert.deepEqual(await list(), [
        '00:00:00:00:00:00 dev nfvx7 dst 10.1.0.3 self extern_learn static',
      ]);
      await remove(floodTo(7, '10.1.0.3'));
      assert.deepEqual(await list(), []);
    });

    it('is told missing and surplus when all is read', async () => {
      await create(floodTo(7, '10.1.0.2'));
      const steps = await host.converge([...base(), floodTo(7, '10.1.0.3')], 'all');
      assert.deepEqual(
        steps.map(({ op, key }) => [op, key]),
        [
          ['create', 'flood/7/10.1.0.3'],
          ['delete', 'flood/7/10.1.0.2'],
        ],
      );
    });

    it('is ours even after somebody added a destination without our mark', async () => {
      const items = [...base(), floodTo(7, '10.1.0.2')];
      await host.converge(items);
      const entry = ['00:00:00:00:00:00', 'dev', 'nfvx7', 'dst', '10.1.0.9', 'self', 'permanent'];
      await host.ns.run('bridge', 'fdb', 'append', ...entry);
      const steps = await host.converge(items, 'all');
      assert.deepEqual(
        steps.map(({ op, key }) => [op, key]),
        [['delete', 'flood/7/10.1.0.9']],
      );
    });
  });

  describe('NeighborEntry', () => {
    const show = async (): Promise<string[]> => {
      const lines = (await host.ns.ip('neigh', 'show', 'dev', 'nfvb7', 'nud', 'all')).split('\n');
      return lines.map((line) => line.trim().replace(/ +/g, ' ')).filter((line) => line !== '');
    };

    for (const ip of ['192.168.7.1', 'fd00:7::1', '::1:2']) {
      it(`is a permanent neighbour of the bridge: ${ip}`, async () => {
        await create(neighbor(7, ip, MAC));
        const [line = ''] = await show();
        assert.match(line, new RegExp(`lladdr ${MAC} extern_learn PERMANENT$`));
        await host.converge([...base(), neighbor(7, ip, MAC)]);
        const steps = await host.converge([...base(), neighbor(7, ip, '02:00:00:00:00:02')]);
        assert.deepEqual(
          steps.map(({ op }) => op),
          ['update'],
        );
        assert.match((await show()).join(), /lladdr 02:00:00:00:00:02 /);
        assert.deepEqual(
          await host.plan([...base(), neighbor(7, ip, '02:00:00:00:00:02')], 'all'),
          [],
        );
        await remove(neighbor(7, ip, MAC));
        assert.deepEqual(await show(), []);
      });
    }

    it('mends one that somebody made forgettable', async () => {
      const items = [...base(), neighbor(7, '192.168.7.1', MAC)];
      await host.converge(items);
      const entry = [
        '192.168.7.1',
        'lladdr',
        MAC,
        'dev',
        'nfvb7',
        'nud',
        'reachable',
        'extern_learn',
      ];
      await host.ns.ip('neigh', 'replace', ...entry);
      await host.converge(items);
      assert.match((await show()).join(), /PERMANENT/);
    });

    it("leaves somebody else's alone, and names it", async () => {
      const entry = ['192.168.7.9', 'lladdr', MAC, 'dev', 'nfvb7', 'nud', 'permanent'];
      await host.ns.ip('neigh', 'add', ...entry);
      const { obstacles } = await host.observe([neighbor(7, '192.168.7.9', MAC)]);
      assert.equal(obstacles.get('neigh/7/192.168.7.9')?.metadata['object'], '192.168.7.9 nfvb7');
      assert.deepEqual(await host.plan(base(), 'all'), []);
      await host.ns.ip('neigh', 'del', '192.168.7.9', 'dev', 'nfvb7');
    });

    it('survives when a port comes or goes, and its removal when it is gone already', async () => {
      const items = [...base(), neighbor(7, '192.168.7.1', MAC)];
      await host.converge(items);
      const more = vethPort('late', 7, '02:00:00:00:00:79', guest.name, { interface: 'eth2' });
      await host.converge([...items, more]);
      assert.deepEqual(await host.plan([...items, more]), []);
      await host.ns.ip('link', 'set', 'dev', 'nfvb7', 'down');
      await host.ns.ip('link', 'set', 'dev', 'nfvb7', 'up');
      assert.deepEqual(await show(), []);
      await remove(neighbor(7, '192.168.7.1', MAC));
    });
  });

  describe('Vtep and Tunnel', () => {
    it('are there when the host has the address and a route', async () => {
      const items = [...base(), tunnelTo(7, '10.1.0.2', VTEP)];
      assert.deepEqual(await host.plan(items), []);
      await remove(tunnelTo(7, '10.1.0.2', VTEP));
      await remove(vtepItem(VTEP));
      assert.deepEqual(await host.plan(items), []);
    });

    it('fail by name when it has not', async () => {
      const results = await host.apply(
        [
          vtepItem('10.9.9.9'),
          tunnelTo(7, '203.0.113.1', VTEP),
          tunnelTo(7, 'fd99::1', 'fd01::1'),
        ].map((payload) => ({ op: 'create' as const, key: keyOf(payload), item: itemOf(payload) })),
      );
      assert.deepEqual(
        results.map((error) => error?.code),
        ['VTEP_ADDRESS_MISSING', 'VTEP_UNROUTABLE', 'VTEP_UNROUTABLE'],
      );
    });

    for (const type of ['blackhole', 'unreachable', 'prohibit', 'throw']) {
      it(`a route of type ${type} leads nowhere`, async () => {
        await host.ns.ip('route', 'add', type, '10.1.0.2/32');
        const { objects } = await host.observe([tunnelTo(7, '10.1.0.2', VTEP)]);
        // A `throw` route sends the search on to the next table, where there is none.
        assert.equal(objects.size, 0);
        await host.ns.ip('route', 'del', type, '10.1.0.2/32');
        assert.equal((await host.observe([tunnelTo(7, '10.1.0.2', VTEP)])).objects.size, 1);
      });
    }
  });

  it('takes thousands of each, and tells which steps failed', async () => {
    const count = 3000;
    const entries = Array.from({ length: count }, (_, i): Payload[] => {
      const mac = `02:00:01:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
      const bad = i % 1000 === 999;
      return [
        macAt(bad ? 8 : 7, mac, '10.1.0.2'),
        neighbor(bad ? 8 : 7, `172.16.${i >> 8}.${i & 255}`, mac),
      ];
    }).flat();
    const steps = entries.map((payload) => ({
      op: 'create' as const,
      key: keyOf(payload),
      item: itemOf(payload),
    }));
    const results = await host.apply(steps);
    const failed = steps.filter((_, i) => results[i] !== undefined).map(({ key }) => key);
    assert.deepEqual(failed, entries.filter((e) => 'vni' in e && e.vni === 8).map(keyOf));
    const good = entries.filter((e) => 'vni' in e && e.vni === 7);
    assert.deepEqual(await host.plan([...base(), ...good], 'all'), []);
    assert.deepEqual(await host.plan([...base(), ...good]), []);
    const dump = await host.ns.json('bridge', 'fdb', 'show', 'dev', 'nfvx7');
    const ours = dump.filter(({ mac }) => String(mac).startsWith('02:00:01'));
    assert.equal(ours.length, 2 * (count - 3));
  });
});
