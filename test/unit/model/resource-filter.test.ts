import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { NfvError } from '../../../src/errors.js';
import type { Resource, ResourceKind } from '../../../src/model/api.js';
import { fieldsOf } from '../../../src/model/filter-fields.js';
import type { FieldValue } from '../../../src/model/filter.js';
import { resourceFilter } from '../../../src/model/resource-filter.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  HOST_PROFILE,
  NETWORK,
  NVE,
  ROUTER,
  SUBNET,
} from '../../support/samples.js';

const ALL: ResourceKind[] = ['VirtualNetwork', 'Nve', 'Endpoint', 'Subnet', 'Router'];

describe('resourceFilter', () => {
  const rows: [resource: Resource, filter: string, expected: boolean][] = [
    [ENDPOINT, '', true],
    [ENDPOINT, 'name = "endpoints/web-1"', true],
    [ENDPOINT, 'name = web-1', true],
    [ENDPOINT, 'name = "web-*"', true],
    [ENDPOINT, 'network = "virtualNetworks/blue" AND nve = "nves/host-a"', true],
    [ENDPOINT, 'network = blue AND nve = host-b', false],
    [ENDPOINT, 'state = STATE_ACTIVE', true],
    [ENDPOINT, 'state = ACTIVE', true],
    [ENDPOINT, 'state = active', true],
    [ENDPOINT, 'state != ACTIVE', false],
    [HOST_PROFILE, 'nves:host-a AND targets.phase = FAILED', true],
    [HOST_PROFILE, 'nve_labels.rack = r1 AND nve_labels:rack', true],
    [HOST_PROFILE, 'nve_labels.rack = r2', false],
    [NVE, 'host.phase = FAILED AND host.profile = edge', true],
    [FAILED_ENDPOINT, 'reason_code:*', true],
    [ENDPOINT, 'reason_code:*', false],
    [ENDPOINT, 'mac = 02-00-00-00-00-01', true],
    [ENDPOINT, 'mac = "02:00:*"', true],
    [ENDPOINT, 'ips:"FD00:0:0::11"', true],
    [ENDPOINT, 'port:veth', true],
    [ENDPOINT, 'port:tap OR port.tap.owner_uid = 107', false],
    [FAILED_ENDPOINT, 'port.tap.owner_uid = 107 AND port.tap.multi_queue = true', true],
    [ENDPOINT, 'admin_state = UP', true],
    [ENDPOINT, 'labels.app = web', true],
    [NETWORK, 'labels.tier:*', true],
    [NETWORK, 'labels:tier', true],
    [NETWORK, 'labels.zone:*', false],
    [NETWORK, 'vni >= 100 AND vni < 200', true],
    [NETWORK, 'bum_mode = MULTICAST', true],
    [NETWORK, 'prefixes:"10.0.0.*"', true],
    [NETWORK, 'create_time > 2026-01-01', true],
    [NETWORK, 'create_time > 2026-01-01T10:00:00Z', false],
    [NETWORK, 'create_time = "2026-01-01T11:00:00+01:00"', true],
    [NVE, 'state = DEGRADED', true],
    [NVE, 'capabilities.dataplane = linux', true],
    [NVE, 'capabilities.port_kinds:veth', true],
    [NVE, 'item_counts.failed > 0', true],
    [NVE, 'failures.code = NETNS_MISSING', true],
    [NVE, 'underlays.mtu < 1550', true],
    [NVE, 'vtep_addresses = fd77::1', true],
    [ENDPOINT, 'subnets:blue-v4', true],
    [ENDPOINT, 'subnets = "subnets/red-v4"', false],
    [SUBNET, 'network = blue AND prefix:"10.0.0.*"', true],
    [SUBNET, 'gateway = 10.0.0.254', true],
    [SUBNET, 'pools.first = 10.0.0.200 OR pools.last = 10.0.0.1', true],
    [SUBNET, 'pools:first', true],
    [ROUTER, 'tenant = acme AND vrf_id < 8', true],
    [ROUTER, 'gateway_mac = "02-00-5E-00-00-01"', true],
    [ROUTER, 'subnets:"subnets/blue-v4"', true],
    [ROUTER, 'routes.prefix = "0.0.0.0/0"', true],
    [ROUTER, 'routes.next_hops.address = 10.0.0.3', true],
    [ROUTER, 'routes.next_hops.weight > 3', false],
    [ROUTER, 'routes.drop = true', true],
    [ROUTER, 'exits.subnet:up-v4', true],
    [ROUTER, 'exits.gateways.nve = "nves/host-b"', true],
    [ROUTER, 'exits.gateways.address = 198.51.100.13', false],
    [ROUTER, 'transit_vni > 4096', true],
  ];
  for (const [resource, filter, expected] of rows) {
    it(`${resource.kind} ${resource.id}, ${filter}: ${String(expected)}`, () => {
      assert.equal(resourceFilter(filter, [resource.kind])(resource), expected);
    });
  }

  it('takes what only another kind has for what does not hold', () => {
    const filter = resourceFilter('vni = 100 OR mac = 02:00:00:00:00:01', ALL);
    assert.deepEqual([NETWORK, NVE, ENDPOINT].map(filter), [true, false, true]);
    const not = resourceFilter('NOT vni = 100', ALL);
    assert.deepEqual([NETWORK, NVE, ENDPOINT].map(not), [false, true, true]);
  });

  it('never matches a kind that was not asked for', () => {
    assert.equal(resourceFilter('name = blue', ['Nve'])(NETWORK), false);
    assert.equal(resourceFilter('', ['Nve'])(NETWORK), false);
  });

  const wrong: [kind: ResourceKind, filter: string, message: string, remedy: string][] = [
    [
      'VirtualNetwork',
      'learning = true AND vnii = 5',
      'filter: vnii: at character 21: no such field',
      'did you mean "vni"? known: name, display_name, tenant, vni, encapsulation, mtu, bum_mode, bum_group, learning, arp_suppression, prefixes, underlay_family, drift_policy, labels, provider.uplink, provider.vlan, effective_mtu, duplicates.kind, duplicates.address, duplicates.endpoint, duplicates.nve, duplicates.moves, duplicates.since, duplicates.until, etag, revision, create_time, update_time',
    ],
    ['Nve', 'labels.a.b = c', 'filter: labels.a.b: at character 1: no such field', 'known: name,'],
    [
      'Endpoint',
      'NOT toString = c',
      'filter: toString: at character 5: no such field',
      'known: name,',
    ],
    [
      'VirtualNetwork',
      'vni = abc',
      'filter: abc: at character 1: not a value that vni can have',
      'give a number',
    ],
    [
      'VirtualNetwork',
      'vni = 1*',
      'filter: 1: at character 1: not a value that vni can have',
      'give a number',
    ],
    [
      'VirtualNetwork',
      'learning = yes',
      'filter: yes: at character 1: not a value that learning can have',
      'give true or false',
    ],
    [
      'VirtualNetwork',
      'learning > false',
      'filter: learning: at character 1: not to be compared with >',
      'use one of = != :',
    ],
    [
      'Endpoint',
      'state = GONE',
      'filter: GONE: at character 1: not a value that state can have',
      'give one of PENDING, ACTIVE, FAILED, DOWN',
    ],
    [
      'Endpoint',
      'mac = 02',
      'filter: 02: at character 1: not a value that mac can have',
      'give a MAC',
    ],
    [
      'Endpoint',
      'ips:10.0.0',
      'filter: 10.0.0: at character 1: not a value that ips can have',
      'give an IP address',
    ],
    [
      'Endpoint',
      'create_time > now',
      'filter: now: at character 1: not a value that create_time can have',
      'give a time, e.g. "2026-01-31T12:00:00Z"',
    ],
    [
      'Endpoint',
      'reason > "a*"',
      'filter: a*: at character 1: * after >',
      'use it with =, != or :',
    ],
    [
      'Endpoint',
      'port = veth',
      'filter: port: at character 1: not to be compared with =',
      'ask what it has with ":", or name one of its fields',
    ],
  ];
  for (const [kind, filter, message, remedy] of wrong) {
    it(`refuses ${filter}`, () => {
      assert.throws(
        () => resourceFilter(filter, [kind]),
        (error) => {
          assert.ok(error instanceof NfvError);
          assert.equal(error.code, 'INVALID_FILTER');
          assert.equal(error.message, message);
          assert.ok(error.remedy.startsWith(remedy), error.remedy);
          return true;
        },
      );
    });
  }

  it('refuses a wrong value also where another part decides', () => {
    assert.throws(() => resourceFilter('vni = 1 OR mac = x', ALL), /mac/);
  });

  it('takes a value that one of the kinds can have', () => {
    const all = [NETWORK, NVE, ENDPOINT];
    assert.deepEqual(all.map(resourceFilter('state = DEGRADED', ALL)), [false, true, false]);
    assert.deepEqual(all.map(resourceFilter('state != DEGRADED', ALL)), [false, false, true]);
    assert.throws(() => resourceFilter('state = GONE', ALL), /GONE/);
    assert.throws(() => resourceFilter('state = DEGRADED', ['Endpoint']), /DEGRADED/);
  });

  it('knows exactly the fields that resources have', () => {
    const resources = [NETWORK, NVE, ENDPOINT, FAILED_ENDPOINT, SUBNET, ROUTER, HOST_PROFILE];
    for (const resource of resources) {
      for (const name of leaves(fieldsOf(resource), '')) {
        assert.doesNotThrow(() => resourceFilter(`${name}:*`, [resource.kind]), name);
      }
    }
  });

  it('knows the top-level fields of the protocol', () => {
    const kinds = [...ALL, 'HostProfile'] as const;
    const files = {
      VirtualNetwork: 'virtual_network',
      Nve: 'nve',
      Endpoint: 'endpoint',
      Subnet: 'subnet',
      Router: 'router',
      HostProfile: 'host_profile',
    } as const;
    for (const kind of kinds) {
      const proto = readFileSync(`proto/nfv/v1/${files[kind]}.proto`, 'utf8');
      const [message = ''] = proto.slice(proto.indexOf(`message ${kind} {`)).split('\n}');
      const plain = message.replace(/^ {2}(enum|message) \w+ {[^]*?^ {2}}/gm, '');
      const fields = [...plain.matchAll(/^ {2}[\w.<>, ]+ (\w+) = \d+/gm)];
      assert.ok(fields.length >= 11, kind);
      for (const [, name = ''] of fields) {
        assert.doesNotThrow(() => resourceFilter(`${name}:*`, [kind]), `${kind}.${name}`);
      }
    }
  });
});

function leaves(value: FieldValue, path: string): string[] {
  if (path === 'labels' || path === 'nve_labels' || typeof value !== 'object') return [path];
  if (Array.isArray(value)) return value.flatMap((element: FieldValue) => leaves(element, path));
  return Object.entries(value).flatMap(([name, inner]: [string, FieldValue]) =>
    leaves(inner, path === '' ? name : `${path}.${name}`),
  );
}
