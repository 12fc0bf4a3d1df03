/** What an agent does about virtual addresses, with a dataplane that the test speaks for. */
import assert from 'node:assert/strict';
import type { AddressSighting } from '../../../src/model/allowed-address.js';
import type { NeighborEntryItem, Payload, PortItem } from '../../../src/model/item.js';
import { AddressSightings } from '../../../src/nve/address-sightings.js';
import { Outbox } from '../../../src/nve/outbox.js';
import type { Announcement } from '../../../src/reconcile/dataplane.js';
import { itemOf } from '../../../src/conformance/items.js';
import { FakeClock } from '../../support/fake-clock.js';
import { nullLog } from '../../support/null-log.js';

const MAC = '02:00:00:00:00:01';
const OTHER = '02:00:00:00:00:02';
const SEEN: AddressSighting = { endpoint: 'web', ip: '10.0.0.100', mac: MAC };

const port = (more: Partial<PortItem> = {}): PortItem => ({
  kind: 'port',
  endpoint: 'web',
  vni: 100,
  mac: MAC,
  addresses: [],
  adminUp: true,
  mtu: 1450,
  port: { kind: 'veth', netns: 'web', interface: 'eth0', hostInterface: '' },
  allowedAddresses: [{ ip: '10.0.0.100', mac: MAC }],
  ...more,
});
const neighbor = (mac: string): NeighborEntryItem => ({
  kind: 'neighbor_entry',
  ...{ vni: 100, ip: '10.0.0.100', mac },
});

describe('sightings of addresses', () => {
  let clock: FakeClock;
  let watched: string[][];
  let announced: string[];
  let told: AddressSighting[];
  let asked: string[];
  let answer: () => void;
  let see: (seen: AddressSighting) => void;
  let sightings: AddressSightings;

  beforeEach(() => {
    [clock, watched, announced, told, asked] = [new FakeClock(), [], [], [], []];
    answer = () => undefined;
    const watch = {
      watch: (ports: readonly PortItem[]) => {
        watched.push(ports.map(({ endpoint }) => endpoint));
      },
      ask: (ports: readonly PortItem[]) => {
        asked.push(ports.map(({ endpoint }) => endpoint).join());
        answer();
      },
      onSeen: (listener: typeof see) => (see = listener),
      announce: ({ ip, mac, isRouter }: Announcement) => {
        announced.push(`${ip} ${mac}${isRouter === true ? ' router' : ''}`);
        return Promise.resolve();
      },
    };
    const tell = (seen: AddressSighting): void => {
      told.push(seen);
    };
    sightings = new AddressSightings({ watch, clock, log: nullLog, tell });
  });

  /** @param before what was wanted until then */
  const change = (
    upserts: readonly Payload[],
    removes: readonly string[] = [],
    before: readonly Payload[] = [],
  ): void => {
    const held = new Map(before.map(itemOf).map((item) => [item.key, item]));
    sightings.changed(upserts.map(itemOf), removes, (key) => held.get(key));
  };

  it('are looked for at the ports that have allowed addresses, while they are there', () => {
    change([port({ endpoint: 'plain', allowedAddresses: [] }), neighbor(MAC)]);
    assert.deepEqual(watched, []);
    change([port(), port({ endpoint: 'db' })]);
    change([port({ allowedAddresses: [] })]);
    change([], ['port/db', 'port/plain']);
    change([], ['port/db']);
    sightings.stop();
    assert.deepEqual(watched, [['web', 'db'], ['db'], [], []]);
  });

  it('are told at once, then four times a second at most, and never late', async () => {
    for (let i = 0; i < 10; i++) see(SEEN);
    assert.deepEqual(told, [SEEN]);
    see({ ...SEEN, ip: '10.0.0.101' });
    see({ ...SEEN, endpoint: 'db' });
    assert.equal(told.length, 3);
    await clock.advance(250);
    assert.equal(told.length, 3);
    see(SEEN);
    assert.equal(told.length, 4);
  });

  it('are asked for after a while in which something was left out', async () => {
    change([port(), port({ endpoint: 'db' })]);
    see(SEEN);
    see({ ...SEEN, endpoint: 'db' });
    see(SEEN);
    assert.deepEqual(asked, []);
    await clock.advance(250);
    assert.deepEqual(asked, ['web']);
    see(SEEN);
    await clock.advance(250);
    assert.deepEqual(asked, ['web']);
  });

  it('are not asked for without end, where the answers to one question are each seen again', async () => {
    change([port()]);
    const other = { ...SEEN, ip: '10.0.0.101' };
    answer = () => {
      for (const each of [SEEN, other, SEEN, other]) see(each);
    };
    see(SEEN);
    await clock.advance(100);
    for (const each of [SEEN, other, other]) see(each);
    await clock.advance(60_000);
    // After 0.25, 0.75, 1.75, 3.75 and 7.75 s, and then every 8.
    assert.equal(asked.length, 11);
    answer = () => {
      for (const each of [SEEN, other]) see(each);
    };
    await clock.advance(60_000);
    assert.equal(asked.length, 12);
    const before = told.length;
    see(SEEN);
    assert.equal(told.length, before + 1);
  });

  it('are asked for soon of an address that comes back from another, but not time and again', async () => {
    const at = (mac: string): Payload => ({ ...neighbor(mac), announce: true });
    const elsewhere = at(OTHER);
    /** Seen twice, and then its entry is another; whether it is asked for 250 ms later. */
    const askedAfter = async (entry: Payload): Promise<boolean> => {
      for (let i = 0; i < 2; i++) see(SEEN);
      change([entry]);
      asked.length = 0;
      await clock.advance(250);
      return asked.length > 0;
    };
    change([port({ vni: 100 })]);
    for (const ms of [250, 500, 1000, 2000, 4000]) {
      for (let i = 0; i < 2; i++) see(SEEN);
      await clock.advance(ms);
    }
    assert.equal(await askedAfter(at(MAC)), false, 'it is where it was told');
    assert.equal(
      await askedAfter({ ...neighbor(OTHER), announce: true, vni: 200 }),
      false,
      'another network',
    );
    assert.equal(
      await askedAfter({ ...neighbor(OTHER), announce: true, ip: '10.0.0.9' }),
      false,
      'another',
    );
    for (let i = 0; i < 5; i++) assert.equal(await askedAfter(elsewhere), true, `time ${i + 1}`);
    assert.equal(await askedAfter(elsewhere), false, 'it has moved too often');
    await clock.advance(60_000);
    assert.equal(clock.pending, 0);
    see(SEEN);
    assert.equal(await askedAfter(elsewhere), true, 'it was quiet meanwhile');
  });

  it('are asked for, and told anew, when an NVA begins to listen', () => {
    change([port(), port({ endpoint: 'db' })]);
    see(SEEN);
    sightings.begun();
    assert.deepEqual(asked, ['web,db']);
    see(SEEN);
    assert.equal(told.length, 2);
  });

  it('are asked for at a port that was made or changed, not at one that failed', () => {
    change([port(), port({ endpoint: 'plain', allowedAddresses: [] })]);
    const failure = { code: 'KERNEL_REFUSED', message: '' };
    sightings.reported([{ key: 'port/web', version: '1', failure }]);
    assert.deepEqual(asked, []);
    const keys = ['port/web', 'port/plain', 'port/other'];
    sightings.reported(keys.map((key) => ({ key, version: '1' })));
    assert.deepEqual(asked, ['web']);
  });

  it('lead to an announcement once the entry is applied, of those that ask for it', () => {
    const moved = { ...neighbor(MAC), announce: true } as const;
    change([moved]);
    const { key } = itemOf(moved);
    const failure = { code: 'KERNEL_REFUSED', message: '' };
    sightings.reported([{ key, version: '1', failure }]);
    assert.deepEqual(announced, []);
    sightings.reported([
      { key: 'neigh/100/10.0.0.1', version: '1' },
      { key, version: '1' },
    ]);
    assert.deepEqual(announced, [`10.0.0.100 ${MAC}`]);
    change([neighbor(MAC)]);
    sightings.reported([{ key, version: '2' }]);
    change([], [key]);
    sightings.reported([{ key, version: '' }]);
    assert.equal(announced.length, 1);
  });

  it('of a machine that has another MAC are announced, also where it was away meanwhile', () => {
    const { key } = itemOf(neighbor(MAC));
    const applied = (): void => {
      sightings.reported([{ key, version: '1' }]);
    };
    change([neighbor(MAC)]);
    applied();
    change([neighbor(MAC)], [], [neighbor(MAC)]);
    applied();
    assert.deepEqual(announced, []);
    change([neighbor(OTHER)], [], [neighbor(MAC)]);
    applied();
    assert.deepEqual(announced, [`10.0.0.100 ${OTHER}`]);
    change([], [key], [neighbor(OTHER)]);
    change([neighbor(OTHER)]);
    applied();
    assert.equal(announced.length, 1);
    change([], [key], [neighbor(OTHER)]);
    change([neighbor(MAC)]);
    applied();
    assert.deepEqual(announced.slice(1), [`10.0.0.100 ${MAC}`]);
  });

  it('of a machine that has another MAC are announced when that is applied, whatever is told again before', () => {
    const { key } = itemOf(neighbor(MAC));
    change([neighbor(OTHER)], [], [neighbor(MAC)]);
    const failure = { code: 'VPP_UNREACHABLE', message: '' };
    sightings.reported([{ key, version: '1', failure }]);
    change([neighbor(OTHER)], [], [neighbor(OTHER)]);
    sightings.reported([{ key, version: '1' }]);
    assert.deepEqual(announced, [`10.0.0.100 ${OTHER}`]);
    change([neighbor(OTHER)], [], [neighbor(OTHER)]);
    sightings.reported([{ key, version: '1' }]);
    change([neighbor(MAC)], [], [neighbor(OTHER)]);
    change([], [key], [neighbor(MAC)]);
    change([neighbor(OTHER)]);
    sightings.reported([{ key, version: '2' }]);
    assert.equal(announced.length, 1, 'they know it already');
  });

  it('of a gateway are announced whenever it is applied, as a router’s', () => {
    const gateway = (mac: string): Payload => ({
      ...{ kind: 'gateway_interface', vrf: 7, vni: 100, mac, mtu: 1450 },
      addresses: ['10.0.0.1/24', 'fd00::1/64'],
    });
    change([gateway(MAC)]);
    const { key } = itemOf(gateway(MAC));
    sightings.reported([{ key, version: '1' }]);
    const first = [`10.0.0.1 ${MAC} router`, `fd00::1 ${MAC} router`];
    assert.deepEqual(announced, first);
    change([gateway(OTHER)]);
    sightings.reported([{ key, version: '2' }]);
    assert.deepEqual(announced.slice(2), [`10.0.0.1 ${OTHER} router`, `fd00::1 ${OTHER} router`]);
    change([], [key]);
    sightings.reported([{ key, version: '' }]);
    assert.equal(announced.length, 4);
  });

  it('that wait for the NVA are told once, the last of each, with its age', () => {
    let now = 1000;
    const outbox = new Outbox(() => now);
    outbox.reset([], 0);
    while (outbox.next(1) !== undefined);
    outbox.sighted(SEEN);
    outbox.sighted({ ...SEEN, ip: '10.0.0.101' });
    now = 3000;
    outbox.sighted({ ...SEEN, mac: '00:00:5e:00:01:33' });
    now = 3500;
    assert.deepEqual(outbox.next(1), {
      kind: 'address_sightings',
      sightings: [
        { ...SEEN, mac: '00:00:5e:00:01:33', ageMs: 500 },
        { ...SEEN, ip: '10.0.0.101', ageMs: 2500 },
      ],
    });
    assert.equal(outbox.next(1), undefined);
  });
});
