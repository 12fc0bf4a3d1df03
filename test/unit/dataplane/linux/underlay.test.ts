import assert from 'node:assert/strict';
import { parseAddresses } from '../../../../src/dataplane/linux/links.js';
import { underlaysOf } from '../../../../src/dataplane/linux/underlay.js';
import type { Underlay } from '../../../../src/model/nve.js';
import { linkJson } from '../../../support/fake-doors.js';

const link = (name: string, mtu: number, addresses: string[], more: Record<string, unknown> = {}) =>
  linkJson(name, {
    mtu,
    addr_info: addresses.map((local) => ({
      local,
      prefixlen: 24,
      scope: local.startsWith('fe80') ? 'link' : local.startsWith('127') ? 'host' : 'global',
    })),
    ...more,
  });

const underlays = (...links: Record<string, unknown>[]): Underlay[] =>
  underlaysOf(parseAddresses(links));

const LO = { flags: ['LOOPBACK', 'UP'] };

describe('underlays', () => {
  it('are the global addresses of the host', () => {
    assert.deepEqual(underlays(link('u0', 1500, ['10.1.0.1', 'fe80::1', 'fd01::1'])), [
      { address: '10.1.0.1', interface: 'u0', mtu: 1500 },
      { address: 'fd01::1', interface: 'u0', mtu: 1500 },
    ]);
  });

  it('are not our own', () => {
    const ours = { ifalias: 'nfvd:bd/7' };
    const half = { group: '1852208740' };
    assert.deepEqual(
      underlays(link('nfvb7', 1400, ['10.0.0.1'], ours), link('nfvb8', 1400, ['10.0.0.2'], half)),
      [],
    );
  });

  it('of a loopback have the MTU of the narrowest way out', () => {
    const found = underlays(
      link('lo', 65536, ['127.0.0.1', '192.0.2.1'], LO),
      link('u0', 9000, ['10.1.0.1']),
      link('u1', 1500, ['10.2.0.1']),
      link('u2', 1280, ['10.3.0.1'], { flags: [] }),
    );
    assert.deepEqual(found[0], { address: '192.0.2.1', interface: 'lo', mtu: 1500 });
    assert.equal(underlays(link('lo', 65536, ['192.0.2.1'], LO))[0]?.mtu, 65536);
  });
});
