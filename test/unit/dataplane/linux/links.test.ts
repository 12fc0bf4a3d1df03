import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import { ownership, parseAddresses, parseLinks } from '../../../../src/dataplane/linux/links.js';
import { jsonFixture } from '../../../support/fixtures.js';

for (const version of ['5.15.0', '6.1.0', '7.1.0']) {
  describe(`links of iproute2 ${version}`, () => {
    const read = (name: string): unknown => jsonFixture(`iproute2/${version}/${name}.json`);
    const links = new Map(parseLinks(read('links')).map((link) => [link.name, link]));

    it('are all there', () => {
      assert.deepEqual([...links.keys()].sort(), [
        'group6',
        'lo',
        'nfvb7',
        'nfvp0123456789',
        'nfvx7',
        'u0',
        'u1',
        'vm0',
      ]);
    });

    it('are bridges', () => {
      const { index, ...bridge } = links.get('nfvb7') ?? assert.fail();
      assert.ok(index > 0);
      assert.deepEqual(bridge, {
        name: 'nfvb7',
        kind: 'bridge',
        alias: 'nfvd:bd/7',
        group: '1852208740',
        mac: '02:bb:00:00:00:01',
        mtu: 1400,
        up: true,
        lowerUp: true,
        loopback: false,
        master: '',
        addrGenMode: 'none',
        stp: false,
        mcastSnooping: false,
      });
    });

    it('are VXLAN devices, and ports of a bridge', () => {
      const { vxlan, slave, master, mtu, alias, up } = links.get('nfvx7') ?? assert.fail();
      assert.deepEqual(
        { master, mtu, alias, up },
        {
          master: 'nfvb7',
          mtu: 1400,
          alias: 'nfvd:bd/7@vxlan',
          up: true,
        },
      );
      assert.deepEqual(vxlan, {
        id: 7,
        local: '10.1.0.1',
        group: '',
        device: '',
        port: 4789,
        ipv6: false,
        learning: false,
        apart: false,
      });
      assert.deepEqual(slave, {
        learning: false,
        flood: true,
        mcastFlood: true,
        // Told since 5.18.
        bcastFlood: version === '5.15.0' ? undefined : true,
        neighSuppress: true,
      });
      assert.deepEqual(parseLinks(read('link')), [links.get('nfvx7')]);
    });

    it('are VXLAN devices with a group over IPv6', () => {
      assert.deepEqual(links.get('group6')?.vxlan, {
        id: 8,
        local: 'fd01::1',
        group: 'ff05::8',
        device: 'u0',
        port: 8472,
        ipv6: true,
        learning: true,
        apart: false,
      });
    });

    it('are veths and taps', () => {
      const veth = links.get('nfvp0123456789');
      assert.equal(veth?.kind, 'veth');
      assert.equal(veth.slave?.learning, false);
      const tap = links.get('vm0');
      assert.deepEqual([tap?.kind, tap?.tap, tap?.up], ['tun', { multiQueue: true }, false]);
    });

    it('of one bridge are its ports', () => {
      assert.deepEqual(
        parseLinks(read('ports')).map(({ name }) => name),
        ['nfvx7', 'nfvp0123456789'],
      );
    });

    it('have addresses', () => {
      const found = parseAddresses(read('addresses')).map(
        ({ address, prefixLength, scope, link }) =>
          `${link.name} ${address}/${prefixLength} ${scope}`,
      );
      assert.deepEqual(found, [
        'lo 127.0.0.1/8 host',
        'lo 192.0.2.1/32 global',
        'lo ::1/128 host',
        'u0 10.1.0.1/24 global',
        'u0 fd01::1/64 global',
      ]);
    });
  });
}

describe('links', () => {
  it('that a filter left out are passed over, as are unknown fields', () => {
    const [link, ...others] = parseLinks([{}, { ifname: 'a', novelty: [{}] }, {}]);
    assert.equal(others.length, 0);
    assert.equal(link?.name, 'a');
  });

  for (const answer of [null, 'text', {}, [1], [[]], [null]]) {
    it(`are not ${JSON.stringify(answer)}`, () => {
      assert.throws(() => parseLinks(answer), { code: 'KERNEL_REFUSED' });
    });
  }

  it('of any JSON are links or an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        for (const parse of [parseLinks, parseAddresses]) {
          try {
            parse([answer]);
            parse(answer);
          } catch (error) {
            assert.ok(error instanceof NfvError);
          }
        }
      }),
    );
  });

  const owners = [
    [{ alias: 'nfvd:bd/7', group: 'default' }, 'ours'],
    [{ alias: 'nfvd:port/web@veth-1', group: '1852208740' }, 'ours'],
    [{ alias: '', group: '1852208740' }, 'half'],
    [{ alias: '', group: 'default' }, 'foreign'],
    [{ alias: 'uplink', group: 'default' }, 'foreign'],
    [{ alias: 'uplink', group: '1852208740' }, 'foreign'],
    [{ alias: 'nfvd:', group: '1852208740' }, 'foreign'],
    [{ alias: 'xnfvd:bd/7', group: 'default' }, 'foreign'],
  ] as const;

  for (const [link, owner] of owners) {
    it(`are ${owner} with alias "${link.alias}" and group ${link.group}`, () => {
      assert.equal(ownership(link).owner, owner);
    });
  }
});
