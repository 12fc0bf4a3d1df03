import assert from 'node:assert/strict';
import {
  apiOf,
  nameOf,
  parseKind,
  parseRef,
  parseRefs,
  requireId,
} from '../../../src/cli/kinds.js';
import type { ResourceKind } from '../../../src/model/api.js';
import { MemoryNva } from '../../support/memory-nva.js';

describe('parseKind', () => {
  const rows: Record<ResourceKind, string[]> = {
    VirtualNetwork: [
      'network',
      'networks',
      'vn',
      'vns',
      'virtualnetwork',
      'virtualnetworks',
      'virtualNetworks',
      'VirtualNetwork',
    ],
    Nve: ['nve', 'nves', 'Nve', 'NVEs'],
    Subnet: ['subnet', 'subnets', 'sn', 'Subnet'],
    Router: ['router', 'routers', 'Router'],
    Endpoint: ['endpoint', 'endpoints', 'ep', 'eps', 'Endpoint'],
    HostProfile: ['hostprofile', 'hostprofiles', 'hp', 'HostProfile', 'hostProfiles'],
  };
  for (const [kind, names] of Object.entries(rows)) {
    it(`takes ${names.join(', ')} for ${kind}`, () => {
      for (const name of names) assert.equal(parseKind(name), kind);
    });
  }

  const wrong: [text: string, remedy: string][] = [
    [
      'endpoitns',
      'did you mean "endpoints"? kinds: networks, nves, subnets, routers, endpoints, hostprofiles',
    ],
    ['pods', 'give one of networks, nves, subnets, routers, endpoints, hostprofiles'],
    ['', 'give one of networks, nves, subnets, routers, endpoints, hostprofiles'],
    ['toString', 'give one of networks, nves, subnets, routers, endpoints, hostprofiles'],
  ];
  for (const [text, remedy] of wrong) {
    it(`refuses "${text}"`, () => {
      const value = text === '' ? '(empty)' : text;
      assert.throws(() => parseKind(text), {
        code: 'INVALID_FIELD',
        message: `KIND: ${value}: not a kind of resource`,
        remedy,
      });
    });
  }
});

describe('parseRefs', () => {
  it('takes KIND NAME... and KIND/NAME...', () => {
    const blue = { kind: 'VirtualNetwork', id: 'blue' };
    const hostA = { kind: 'Nve', id: 'host-a' };
    assert.deepEqual(parseRefs(['network', 'blue']), [blue]);
    assert.deepEqual(parseRefs(['network']), []);
    assert.deepEqual(parseRefs(['network/blue', 'nves/host-a']), [blue, hostA]);
    assert.deepEqual(parseRef('virtualNetworks/blue'), blue);
  });

  const wrong: [args: string[], message: string][] = [
    [['network/blue', 'host-a'], 'NAME: host-a: no kind'],
    [['network', 'Blue'], 'network NAME: Blue: not an id'],
    [['nve/'], 'nve NAME: (empty): not an id'],
    [['network', 'nve/host-a'], 'network NAME: nve/host-a: not an id'],
    [[], 'KIND: (empty): not a kind of resource'],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(() => parseRefs(args), { code: 'INVALID_FIELD', message });
    });
  }
});

describe('names', () => {
  it('are those of the API', () => {
    assert.equal(nameOf({ kind: 'VirtualNetwork', id: 'blue' }), 'virtualNetworks/blue');
    assert.equal(nameOf({ kind: 'Nve', id: 'a' }), 'nves/a');
    assert.equal(nameOf({ kind: 'Endpoint', id: 'web-1' }), 'endpoints/web-1');
    assert.equal(nameOf({ kind: 'Subnet', id: 'blue-v4' }), 'subnets/blue-v4');
    assert.equal(nameOf({ kind: 'Router', id: 'r1' }), 'routers/r1');
    assert.equal(requireId('Nve', 'host-a'), 'host-a');
  });

  it('lead to the collection', () => {
    const nva = new MemoryNva();
    assert.equal(apiOf(nva, 'VirtualNetwork'), nva.virtualNetworks);
    assert.equal(apiOf(nva, 'Nve'), nva.nves);
    assert.equal(apiOf(nva, 'Endpoint'), nva.endpoints);
    assert.equal(apiOf(nva, 'Subnet'), nva.subnets);
    assert.equal(apiOf(nva, 'Router'), nva.routers);
  });
});
