import assert from 'node:assert/strict';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { read, readLinkNow } from '../../../../src/dataplane/linux/reader.js';
import { Wants } from '../../../../src/dataplane/linux/view.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';

const MAC = '02:00:00:00:00:01';
const macOf = (i: number): string =>
  `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;

describe('reading', () => {
  it('asks for few things one by one', async () => {
    const doors = new FakeDoors().fail(/neigh get/, 'Error: Neighbour entry not found.\n');
    const wants = new Wants(false);
    wants.links.add('nfvb7');
    wants.mac(7, MAC);
    wants.mac(7, MAC);
    wants.neighbor(7, '192.168.7.1');
    wants.path('10.1.0.2', '10.1.0.1');
    wants.floods.add(7);
    const view = await read(wants, doors, new Memory());
    assert.deepEqual(doors.said.sort(), [
      `bridge fdb get ${MAC} br nfvb7`,
      `bridge fdb get ${MAC} dev nfvx7 self`,
      'bridge fdb show dev nfvx7',
      'ip link show dev nfvb7',
      'ip link show dev nfvb7',
      'ip neigh get 192.168.7.1 dev nfvb7',
      'ip route get 10.1.0.2 from 10.1.0.1',
    ]);
    assert.equal(view.links.size, 0);
    assert.equal(view.neighbor(7, '192.168.7.1'), undefined);
  });

  it('dumps many things at once', async () => {
    const doors = new FakeDoors()
      .answer(/^ip link show$/, [
        linkJson('port', { master: 'nfvb7' }),
        linkJson('other', { master: 'br0' }),
      ])
      .answer(/fdb show$/, [
        { mac: macOf(0), ifname: 'nfvx7', dst: '10.1.0.2', flags: ['self', 'extern_learn'] },
        { mac: macOf(1), ifname: 'port', flags: ['extern_learn'], master: 'nfvb7' },
        { mac: macOf(2), ifname: 'other', flags: ['extern_learn'], master: 'br0' },
        { mac: macOf(3), ifname: 'port', flags: ['self'] },
      ])
      .answer(/neigh show nud all$/, [
        { dst: '192.168.7.1', dev: 'nfvb7', lladdr: MAC, state: ['PERMANENT'] },
        { dst: '192.168.7.2', dev: 'eth0', lladdr: MAC, state: ['REACHABLE'] },
      ]);
    const wants = new Wants(false);
    for (let i = 0; i < 300; i++) {
      wants.mac(7, macOf(i));
      wants.neighbor(7, `192.168.${i >> 8}.${i & 255}`);
    }
    const view = await read(wants, doors, new Memory());
    assert.deepEqual(doors.said.sort(), [
      'bridge fdb show',
      'ip link show',
      'ip neigh show nud all',
    ]);
    assert.deepEqual(
      [...view.allEntries()].map(([vni, mac]) => [vni, mac]),
      [
        [7, macOf(0)],
        [7, macOf(1)],
      ],
    );
    assert.deepEqual(
      [...view.allNeighbors()].map(([vni, { ip }]) => [vni, ip]),
      [[7, '192.168.7.1']],
    );
  });

  describe('what a dump leaves out', () => {
    /** A host with a bridge that has these, of which dumps show nothing. */
    const hiding = (): FakeDoors =>
      new FakeDoors()
        .answer(/^ip link show$/, [linkJson('nfvb7'), linkJson('port', { master: 'nfvb7' })])
        .answer(/fdb get/, [])
        .answer(
          /neigh get/,
          '192.168.7.1 dev nfvb7 lladdr 02:00:00:00:00:01 extern_learn PERMANENT',
        )
        .answer(new RegExp(`fdb get ${MAC} br`), [
          { mac: MAC, ifname: 'nfvx7', flags: ['extern_learn'], master: 'nfvb7' },
        ])
        .answer(new RegExp(`fdb get ${MAC} dev`), [
          { mac: MAC, ifname: 'nfvx7', dst: '10.1.0.2', flags: ['self', 'extern_learn'] },
        ])
        .answer(/fdb show dev nfvx7$/, [
          { mac: '00:00:00:00:00:00', dst: '10.1.0.2', flags: ['self'] },
          { mac: '00:00:00:00:00:00', dst: '10.1.0.3', flags: ['self'] },
        ]);
    const asked = (doors: FakeDoors): number =>
      doors.said.filter((words) => / get | dev /.test(words)).length;

    it('is asked for', async () => {
      const wants = new Wants(true).about(true);
      wants.mac(7, MAC);
      wants.neighbor(7, '192.168.7.1');
      for (const remote of ['10.1.0.2', '10.1.0.3', '10.1.0.4']) wants.flood(7, remote);
      // Nothing is asked of what is not there.
      wants.mac(8, MAC);
      const doors = hiding();
      const view = await read(wants, doors, new Memory());
      const { bridge, vxlan } = view.entriesOf(7, MAC);
      assert.equal(bridge?.device, 'nfvx7');
      assert.deepEqual(
        vxlan.map(({ dst }) => dst),
        ['10.1.0.2'],
      );
      assert.equal(view.neighbor(7, '192.168.7.1')?.extern, true);
      const members = view.entriesOf(7, '00:00:00:00:00:00').vxlan.map(({ dst }) => dst);
      assert.deepEqual(members, ['10.1.0.2', '10.1.0.3']);
      assert.equal(asked(doors), 4);
    });

    it('is asked for where one half was shown, and the other keeps its place', async () => {
      const doors = hiding().answer(/fdb show$/, [
        { mac: MAC, ifname: 'nfvx7', dst: '10.1.0.9', flags: ['self', 'extern_learn'] },
        { mac: macOf(9), ifname: 'port', flags: ['extern_learn'], master: 'nfvb7' },
      ]);
      const wants = new Wants(true).about(true);
      wants.mac(7, MAC);
      wants.mac(7, macOf(9));
      const view = await read(wants, doors, new Memory());
      const { bridge, vxlan } = view.entriesOf(7, MAC);
      assert.equal(bridge?.device, 'nfvx7');
      assert.deepEqual(
        vxlan.map(({ dst }) => dst),
        ['10.1.0.9'],
      );
      assert.equal(asked(doors), 2);
    });

    it('is not asked for where it is new: it is set anyhow', async () => {
      const wants = new Wants(true);
      wants.mac(7, MAC);
      wants.neighbor(7, '192.168.7.1');
      wants.flood(7, '10.1.0.2');
      const doors = hiding();
      await read(wants, doors, new Memory());
      assert.equal(asked(doors), 0);
    });

    it('is believed to be missing where it is much', async () => {
      const wants = new Wants(true).about(true);
      for (let i = 0; i <= 1024; i++) wants.mac(7, macOf(i));
      const doors = hiding();
      await read(wants, doors, new Memory());
      assert.equal(asked(doors), 0);
    });
  });

  it('looks at a port that it does not know, once', async () => {
    const doors = new FakeDoors().answer(/fdb get .* br/, [
      { mac: MAC, ifname: 'port', flags: ['extern_learn'], master: 'nfvb7' },
    ]);
    doors.answer(/link show dev port/, [linkJson('port')]);
    const wants = new Wants(false);
    wants.mac(7, MAC);
    const memory = new Memory();
    await read(wants, doors, memory);
    assert.ok(doors.said.includes('ip link show dev port'));
    memory.setPort({ endpoint: 'web', link: 'port', vni: 7 });
    doors.said.length = 0;
    await read(wants, doors, memory);
    assert.ok(!doors.said.includes('ip link show dev port'));
  });

  const refusals = ['fdb get', 'fdb show', 'neigh get', 'link show', 'route get'];
  for (const command of refusals) {
    it(`fails as a whole when a part cannot be read: ${command}`, async () => {
      const doors = new FakeDoors().fail(
        new RegExp(command),
        'RTNETLINK answers: Cannot allocate memory\n',
      );
      const wants = new Wants(false);
      wants.links.add('nfvb7');
      wants.mac(7, MAC);
      wants.neighbor(7, '192.168.7.1');
      wants.path('10.1.0.2', '10.1.0.1');
      wants.floods.add(7);
      doors.answer(
        command === 'neigh get' ? /x^/ : /neigh get/,
        `192.168.7.1 dev nfvb7 lladdr ${MAC} PERMANENT`,
      );
      await assert.rejects(read(wants, doors, new Memory()), { code: 'KERNEL_REFUSED' });
    });
  }

  it('asks again when iproute2 remembers the index of a link that is no more', async () => {
    let asked = 0;
    const doors = new FakeDoors().answer(/link show dev/, [{}]);
    const forgotten: string[] = [];
    doors.strangeLinks = (...names: string[]) => {
      forgotten.push(...names);
      asked++;
      doors.answer(/link show dev/, [linkJson('nfvb7')]);
    };
    const link = await readLinkNow('nfvb7', doors);
    assert.equal(link?.name, 'nfvb7');
    assert.deepEqual([forgotten, asked], [['nfvb7'], 1]);
  });
});
