import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseEvent, type Event } from '../../../../src/dataplane/linux/events.js';
import { fixture } from '../../../support/fixtures.js';

for (const version of ['5.15.0', '6.1.0', '7.1.0']) {
  describe(`events of iproute2 ${version}`, () => {
    const lines = fixture(`iproute2/${version}/monitor.txt`).split('\n');
    const events = lines.flatMap((line): Event[] => {
      const event = parseEvent(line);
      return event === undefined ? [] : [event];
    });

    /** There is an event with these fields. */
    const tells = (fields: Partial<Record<string, unknown>>): void => {
      const found = events.some((event) =>
        Object.entries(fields).every(
          ([name, value]) => new Map(Object.entries(event)).get(name) === value,
        ),
      );
      assert.ok(found, `${JSON.stringify(fields)} among\n${lines.join('\n')}`);
    };

    it('tell what a link is like', () => {
      tells({
        kind: 'link',
        gone: false,
        name: 'nfvb7',
        brief: false,
        up: true,
        mtu: 1300,
        master: '',
        alias: 'nfvd:bd/7',
      });
    });

    it('tell that a port left its bridge, which is not that it is gone', () => {
      tells({ kind: 'link', name: 'nfvx7', brief: false, master: '', alias: 'nfvd:bd/7@vxlan' });
      assert.ok(!events.some((e) => e.kind === 'link' && e.name === 'nfvx7' && e.gone));
    });

    it('tell a new name, and the end', () => {
      tells({ kind: 'link', name: 'other', gone: false, brief: false, master: 'nfvb7', up: false });
      tells({ kind: 'link', name: 'other', gone: true, brief: false });
    });

    it('tell both halves of a MAC', () => {
      const mac = '02:00:00:00:00:05';
      tells({ kind: 'entry', device: 'nfvx7', dst: '', mac, extern: true, gone: false });
      tells({ kind: 'entry', device: 'nfvx7', dst: '10.1.0.2', mac, extern: true, gone: false });
      tells({ kind: 'entry', device: 'nfvx7', dst: '10.1.0.2', mac, extern: true, gone: true });
    });

    it('tell a flood member', () => {
      tells({
        kind: 'entry',
        device: 'nfvx7',
        dst: '10.1.0.9',
        mac: '00:00:00:00:00:00',
        gone: false,
      });
    });

    it('tell a neighbour, and that it fails', () => {
      const entry = { kind: 'entry', device: 'nfvb7', dst: 'fd00:7::9' };
      tells({ ...entry, mac: '02:00:00:00:00:02', extern: true, gone: false });
      tells({ ...entry, mac: '', gone: true });
    });

    it('tell addresses and routes', () => {
      tells({ kind: 'address', address: '10.9.0.1', gone: false });
      tells({ kind: 'address', address: '10.9.0.1', gone: true });
      tells({ kind: 'route' });
    });
  });
}

describe('events', () => {
  for (const line of [
    '',
    '[LINK]',
    '[LINK]x',
    '[NEIGH]',
    '[NEIGH]192.0.2.1',
    '[ADDR]3: u0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever',
    '[ROUTE]multicast ff00::/8 dev nfvb7 table local proto kernel metric 256 pref medium',
    '[ROUTE]fe80::/64 dev u0 proto kernel metric 256 pref medium',
    '[ROUTE]local fe80::1 dev u0 table local proto kernel metric 0 pref medium',
    '[ROUTE]Deleted anycast fe80:: dev u0 table local proto kernel metric 0 pref medium',
    '[NSID]nsid 0 (iproute2 netns name: x)',
  ]) {
    it(`are none: ${JSON.stringify(line)}`, () => {
      assert.equal(parseEvent(line), undefined);
    });
  }

  it('tell a way by a link-local next hop, as routers announce', () => {
    const line = 'fd88::/64 via fe80::2 dev u0 metric 1024 pref medium';
    for (const said of [line, `Deleted ${line}`, `unicast ${line}`]) {
      assert.deepEqual(parseEvent(`[ROUTE]${said}`), { kind: 'route' });
    }
  });

  it('are not taken in by an alias', () => {
    const event = parseEvent(
      '[LINK]9: evil@if3: <BROADCAST,UP> mtu 1500 qdisc noop state DOWN group default \\    link/ether 02:00:00:00:00:01\\    alias x master nfvb7 mtu 9',
    );
    assert.deepEqual(event, {
      kind: 'link',
      gone: false,
      index: 9,
      name: 'evil',
      brief: false,
      up: true,
      mtu: 1500,
      master: '',
      alias: 'x',
    });
  });

  it('of any line are an event or none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('[LINK]', '[NEIGH]', '[ADDR]', '[ROUTE]', ''),
        fc.string(),
        (label, text) => {
          parseEvent(label + text);
          parseEvent(`${label}Deleted ${text}`);
        },
      ),
    );
  });
});
