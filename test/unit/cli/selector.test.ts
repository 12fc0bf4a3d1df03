import assert from 'node:assert/strict';
import { filterOf, type SelectorOptions } from '../../../src/cli/selector.js';
import type { ResourceKind } from '../../../src/model/api.js';
import { resourceFilter } from '../../../src/model/resource-filter.js';

describe('filterOf', () => {
  const rows: [kind: ResourceKind, options: SelectorOptions, filter: string][] = [
    ['Endpoint', {}, ''],
    ['Endpoint', { filter: '  ' }, ''],
    ['Endpoint', { filter: 'state = FAILED OR state = DOWN' }, 'state = FAILED OR state = DOWN'],
    [
      'Endpoint',
      { network: 'blue', nve: 'host-a', filter: 'state = FAILED' },
      '(state = FAILED) AND network = "virtualNetworks/blue" AND nve = "nves/host-a"',
    ],
    ['VirtualNetwork', { tenant: 'acme' }, 'tenant = "acme"'],
    ['Router', { tenant: 'acme' }, 'tenant = "acme"'],
    ['Subnet', { network: 'blue' }, 'network = "virtualNetworks/blue"'],
    // Neither knows its tenant.
    ['Subnet', { tenant: 'acme' }, ''],
    ['Endpoint', { tenant: 'acme' }, ''],
    [
      'Nve',
      { selector: 'site=a, rack!=r1,tier==gold,old,!broken,empty=' },
      'labels.site = "a" AND labels.rack != "r1" AND labels.tier = "gold" AND labels:old AND NOT labels:broken AND labels.empty = ""',
    ],
  ];
  for (const [kind, options, filter] of rows) {
    it(`${kind} ${JSON.stringify(options)}`, () => {
      assert.equal(filterOf(kind, options), filter);
      assert.doesNotThrow(() => resourceFilter(filter, [kind]));
    });
  }

  const wrong: [kind: ResourceKind, options: SelectorOptions, message: string][] = [
    ['Nve', { network: 'blue' }, '--network: blue: nves have none'],
    ['VirtualNetwork', { nve: 'host-a' }, '--nve: host-a: networks have none'],
    ['Router', { network: 'blue' }, '--network: blue: routers have none'],
    ['Subnet', { nve: 'host-a' }, '--nve: host-a: subnets have none'],
    ['Nve', { tenant: 'acme' }, '--tenant: acme: an NVE is of no tenant'],
    ['VirtualNetwork', { tenant: 'A" OR vni > 0' }, '--tenant: A" OR vni > 0: not an id'],
    ['Endpoint', { network: 'blue" OR nve = "x' }, 'network NAME: blue" OR nve = "x: not an id'],
    ['Nve', { selector: 'site=a"b' }, '--selector: site=a"b: not a label selector'],
    ['Nve', { selector: 'a=b,' }, '--selector: (empty): not a label selector'],
    ['Nve', { selector: 'Site=a' }, '--selector: Site=a: not a label selector'],
    ['Nve', { selector: '!a=b' }, '--selector: !a=b: not a label selector'],
    ['Nve', { selector: 'a in (b)' }, '--selector: a in (b): not a label selector'],
  ];
  for (const [kind, options, message] of wrong) {
    it(`refuses ${kind} ${JSON.stringify(options)}`, () => {
      assert.throws(() => filterOf(kind, options), { code: 'INVALID_FIELD', message });
    });
  }
});
