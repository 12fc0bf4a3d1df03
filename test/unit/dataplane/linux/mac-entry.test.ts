import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { FdbEntry } from '../../../../src/dataplane/linux/entries.js';
import { parseLinks } from '../../../../src/dataplane/linux/links.js';
import { macEntry } from '../../../../src/dataplane/linux/mac-entry.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { View } from '../../../../src/dataplane/linux/view.js';
import type { MacEntryItem } from '../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';
import { macAt, macOf } from '../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GONE = 'RTNETLINK answers: No such file or directory\n';
const BUSY = 'RTNETLINK answers: Device or resource busy\n';
const extern = { flags: ['extern_learn'] };

const memoryWith = (endpoint: string, link: string): Memory => {
  const memory = new Memory();
  memory.setPort({ endpoint, link, vni: 7 });
  return memory;
};

describe('MacEntry', () => {
  const REMOTE = `bridge fdb replace ${MAC} dev nfvx7 dst 10.1.0.2 self master static extern_learn`;

  it('is set behind a VTEP by one command', async () => {
    const doors = new FakeDoors();
    await macEntry.create(macAt(7, MAC, '10.1.0.2'), doors, new Memory());
    assert.deepEqual(doors.said, [REMOTE]);
  });

  it('is set behind a port by one command', async () => {
    const doors = new FakeDoors();
    await macEntry.create(macOf(7, MAC, 'web'), doors, memoryWith('web', 'webport'));
    assert.deepEqual(doors.said, [
      `bridge fdb replace ${MAC} dev webport master static extern_learn`,
    ]);
  });

  it('looks for a port that it does not know among all links', async () => {
    const doors = new FakeDoors().answer(/^ip link show$/, [
      linkJson('a', { ifalias: 'nfvd:port/webber@x' }),
      linkJson('b', { ifalias: 'nfvd:port/web@x' }),
    ]);
    await macEntry.create(macOf(7, MAC, 'web'), doors, new Memory());
    assert.equal(doors.said.at(-1), `bridge fdb replace ${MAC} dev b master static extern_learn`);
  });

  it('moves to a port before its old entry goes', async () => {
    const doors = new FakeDoors();
    const memory = memoryWith('web', 'webport');
    await macEntry.update(macOf(7, MAC, 'web'), macAt(7, MAC, '10.1.0.2'), doors, memory);
    assert.deepEqual(doors.said, [
      `bridge fdb replace ${MAC} dev webport master static extern_learn`,
      `bridge fdb del ${MAC} dev nfvx7 self`,
    ]);
  });

  it('removes what is ours, and only that', async () => {
    const rows = (flags: string[], dst: string): unknown[] => [
      { mac: MAC, ifname: 'nfvx7', dst, flags },
    ];
    const doors = new FakeDoors()
      .answer(/fdb get .* self$/, rows(['self'], '10.1.0.2'))
      .answer(/fdb get .* br nfvb7$/, [
        { mac: MAC, ifname: 'webport', ...extern, master: 'nfvb7' },
      ]);
    await macEntry.remove(macOf(7, MAC, 'web'), doors, new Memory());
    assert.deepEqual(doors.said.slice(2), [`bridge fdb del ${MAC} dev webport master`]);
  });

  it('is removed already when it is gone', async () => {
    const doors = new FakeDoors()
      .answer(/fdb get .* br nfvb7$/, [{ mac: MAC, ifname: 'webport', ...extern }])
      .fail(/fdb del/, GONE);
    await macEntry.remove(macOf(7, MAC, 'web'), doors, new Memory());
    const busy = doors.fail(/fdb del/, BUSY);
    await assert.rejects(macEntry.remove(macOf(7, MAC, 'web'), busy, new Memory()));
  });
});

describe('MacEntry, as it is seen', () => {
  const AT = macAt(7, MAC, '10.1.0.2');
  const OF = macOf(7, MAC, 'web');
  const remote = { self: true, device: 'nfvx7', dst: '10.1.0.2' };
  const toVxlan = { device: 'nfvx7' };
  const toPort = { device: 'webport' };

  const entry = (more: Partial<FdbEntry>): FdbEntry => ({
    mac: MAC,
    device: '',
    self: false,
    dst: '',
    extern: true,
    fixed: false,
    odd: false,
    ...more,
  });

  const see = (
    wanted: MacEntryItem | undefined,
    entries: readonly Partial<FdbEntry>[],
    links: readonly Record<string, unknown>[] = [],
  ): ReturnType<typeof macEntry.observe> => {
    const memory = memoryWith('web', 'webport');
    const view = new View();
    view.setOurs(7, 'both');
    for (const link of parseLinks(links)) view.addLink(link);
    for (const each of entries) view.addFdb(7, entry(each));
    return macEntry.observe(['7', MAC], wanted, view, memory);
  };

  /** What the drift or plan line says of it. */
  const told = (
    wanted: MacEntryItem,
    entries: readonly Partial<FdbEntry>[],
    links: readonly Record<string, unknown>[] = [],
  ): string => {
    const sight = see(wanted, entries, links);
    if (sight === undefined) return 'missing';
    if (sight instanceof NfvError) return sight.message;
    return [...macEntry.differences(wanted, sight.payload), ...sight.defects].join('; ');
  };

  const cases: readonly (readonly [MacEntryItem, readonly Partial<FdbEntry>[], string])[] = [
    [AT, [toVxlan, remote], ''],
    [AT, [], 'missing'],
    [AT, [remote], "the bridge's entry is missing"],
    [AT, [toVxlan], "the VXLAN device's entry is missing"],
    [AT, [toVxlan, { ...remote, extern: false }], "the VXLAN device's entry is missing"],
    [AT, [toVxlan, { ...remote, dst: '10.1.0.9' }], 'via VTEP 10.1.0.9, not VTEP 10.1.0.2'],
    [AT, [toVxlan, { ...remote, odd: true }], 'a port, VNI or device of its own'],
    [AT, [toPort], 'via endpoint web, not VTEP 10.1.0.2'],
    [
      AT,
      [toPort, remote],
      'via endpoint web, not VTEP 10.1.0.2; an entry for VTEP 10.1.0.2 is left',
    ],
    [AT, [{ ...toVxlan, extern: false }], 'missing'],
    [
      AT,
      [{ ...toPort, extern: false, fixed: true }],
      `somebody else's FDB entry ${MAC} dev webport master`,
    ],
    [
      AT,
      [toVxlan, { ...remote, extern: false, fixed: true }],
      `somebody else's FDB entry ${MAC} dev nfvx7 self`,
    ],
    [OF, [toPort], ''],
    [OF, [toPort, remote], 'an entry for VTEP 10.1.0.2 is left'],
    [OF, [{ device: 'other' }], 'via endpoint ?other, not endpoint web'],
    [OF, [toVxlan, remote], 'via VTEP 10.1.0.2, not endpoint web'],
    [OF, [toVxlan], "via no VTEP, not endpoint web; the VXLAN device's entry is missing"],
  ];
  for (const [wanted, entries, text] of cases) {
    const what = entries.map((e) => `${e.device ?? ''}${e.self === true ? ' self' : ''}`);
    it(`wanted ${wanted.via.kind}, found ${what.join(' and ') || 'nothing'}: "${text}"`, () => {
      assert.equal(told(wanted, entries), text);
    });
  }

  it("is at the port of the endpoint that the link's alias says, whatever was known", () => {
    const link = linkJson('webport', { ifalias: 'nfvd:port/db@x' });
    assert.equal(told(OF, [toPort], [link]), 'via endpoint db, not endpoint web');
    const foreign = linkJson('webport', { ifalias: 'mine' });
    assert.equal(told(OF, [toPort], [foreign]), 'via endpoint ?webport, not endpoint web');
  });

  it('is nothing of ours in a network that is not', () => {
    const view = new View();
    view.addFdb(7, entry(toPort));
    assert.equal(macEntry.observe(['7', MAC], OF, view, new Memory()), undefined);
    assert.deepEqual([...macEntry.list(view, new Memory())], []);
  });

  it('of a port is seen though the VXLAN device is gone, and is nobody else’s', () => {
    const view = new View();
    view.setOurs(7, 'bridge');
    view.addFdb(7, entry(toPort));
    view.addFdb(7, entry({ ...remote, mac: '02:00:00:00:00:09' }));
    const memory = memoryWith('web', 'webport');
    assert.deepEqual([...macEntry.list(view, memory)], [`mac/7/${MAC}`]);
    const sight = macEntry.observe(['7', MAC], OF, view, memory);
    assert.deepEqual(sight, { payload: OF, defects: [] });
    const other = ['7', '02:00:00:00:00:09'];
    assert.equal(macEntry.observe(other, undefined, view, memory), undefined);
  });

  it('that nobody wants is listed and can be removed, also half of it', () => {
    const memory = new Memory();
    const view = new View();
    view.setOurs(7, 'both');
    view.addFdb(7, entry(toVxlan));
    view.addFdb(7, entry({ ...remote, mac: '00:00:00:00:00:00' }));
    view.addFdb(7, entry({ ...toPort, mac: '02:00:00:00:00:09', extern: false }));
    view.addFdb(8, entry(remote));
    assert.deepEqual([...macEntry.list(view, memory)], [`mac/7/${MAC}`]);
    const sight = see(undefined, [toVxlan]);
    assert.ok(sight !== undefined && !(sight instanceof NfvError));
    assert.deepEqual(sight.payload.via, { kind: 'remote', vtep: '' });
    // Not wanted, it is no obstacle either.
    assert.equal(see(undefined, [{ ...toPort, extern: false, fixed: true }]), undefined);
  });
});
