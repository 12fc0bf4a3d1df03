import assert from 'node:assert/strict';
import type { Inventory } from '../../../../src/model/host/inventory.js';
import { EMPTY_PROFILE, parseHostProfile } from '../../../../src/model/host/profile.js';
import type { PreflightCheck } from '../../../../src/model/host/status.js';
import { preflight, type PreflightInput } from '../../../../src/nve/host/preflight.js';
import { busyHost } from '../../../support/fake-sysfs/busy-host.js';
import type { FakeHost } from '../../../support/fake-sysfs/host.js';
import { PF0 } from '../../../support/fake-sysfs/hosts.js';

describe('preflight', () => {
  let host: FakeHost;
  let inventory: Inventory;
  before(async () => {
    host = busyHost();
    inventory = await host.inventory();
  });
  after(() => {
    host.close();
  });

  const check = (name: string, more: Partial<PreflightInput> = {}): PreflightCheck | undefined =>
    preflight({
      inventory,
      profile: undefined,
      findings: [],
      isRoot: true,
      hasVfioPci: true,
      ...more,
    }).find((each) => each.name === name);

  const workers = parseHostProfile('cpu: { mainCore: 0, workers: 1-2 }', 'host.yaml').value;
  const noIommu = parseHostProfile('policy: { noIommu: allow }', 'host.yaml').value;
  const withVpp = parseHostProfile('vpp: { prefix: /opt/vpp }', 'host.yaml').value;

  const rows: readonly (readonly [
    name: string,
    result: PreflightCheck['result'],
    found: RegExp,
    more: (i: Inventory) => Partial<PreflightInput>,
  ])[] = [
    ['privileges', 'ok', /^root$/, () => ({})],
    ['privileges', 'fails', /^not root$/, () => ({ isRoot: false })],
    ['drivers', 'ok', /all attributes answer/, () => ({})],
    [
      'drivers',
      'fails',
      /no answer from sys\/x/,
      (i) => ({ inventory: { ...i, hung: ['sys/x'] } }),
    ],
    [
      'machine',
      'ok',
      /^a guest of aws \(Amazon EC2 c5n\)$/,
      (i) => ({
        inventory: {
          ...i,
          machine: { vendor: 'Amazon EC2', product: 'c5n', hypervisor: 'aws' },
        },
      }),
    ],
    ['iommu', 'ok', /^\d+ groups$/, () => ({})],
    ['iommu', 'fails', /^none$/, (i) => ({ inventory: { ...i, groups: [] } })],
    ['iommu', 'warns', /^none$/, (i) => ({ inventory: { ...i, groups: [] }, profile: noIommu })],
    ['vfio-pci', 'fails', /no such module/, () => ({ hasVfioPci: false })],
    [
      'vfio-pci',
      'ok',
      /loaded/,
      (i) => ({ inventory: { ...i, vfio: { loaded: true, noIommu: false } }, hasVfioPci: false }),
    ],
    ['nics', 'ok', /^\d+ network functions$/, () => ({})],
    ['nics', 'warns', /^no PCI NIC$/, (i) => ({ inventory: { ...i, functions: [] } })],
    [
      'nics',
      'warns',
      /^without a driver: 0000:41:00\.0$/,
      (i) => ({
        inventory: {
          ...i,
          functions: i.functions.map((fn) => (fn.bdf === PF0 ? { ...fn, driver: undefined } : fn)),
        },
      }),
    ],
    ['numa', 'ok', /^2 nodes, each NIC on one$/, () => ({})],
    [
      'numa',
      'warns',
      /does not say where 0000:41:00\.0 is/,
      (i) => ({
        inventory: {
          ...i,
          functions: i.functions.map((fn) => (fn.bdf === PF0 ? { ...fn, node: undefined } : fn)),
        },
      }),
    ],
    ['hugepages', 'ok', /^node 0: \d+\/64 of 2M free/, () => ({})],
    [
      'hugepages',
      'fails',
      /the kernel has none/,
      (i) => ({ inventory: { ...i, nodes: i.nodes.map((node) => ({ ...node, hugepages: [] })) } }),
    ],
    ['isolation', 'ok', /isolated/, () => ({})],
    [
      'isolation',
      'warns',
      /^workers on CPUs that are not isolated: 1, 2$/,
      (i) => ({
        profile: workers,
        inventory: { ...i, cpus: i.cpus.map((cpu) => ({ ...cpu, isolated: false })) },
      }),
    ],
    ['vpp', 'ok', /^26\.06 in \/usr, 3 plugins, not running$/, () => ({})],
    ['vpp', 'warns', /^none in \/usr$/, (i) => ({ inventory: { ...i, vpp: undefined } })],
    [
      'vpp',
      'fails',
      /^none in \/opt\/vpp$/,
      (i) => ({ profile: withVpp, inventory: { ...i, vpp: undefined } }),
    ],
  ];
  for (const [name, result, found, more] of rows) {
    it(`${name}: ${result}, ${found.source}`, () => {
      const one = check(name, more(inventory));
      assert.equal(one?.result, result);
      assert.match(one.found, found);
      assert.equal(one.remedy === '', result === 'ok');
    });
  }

  it('says nothing of NUMA where there is one node', () => {
    const { nodes } = inventory;
    assert.equal(
      check('numa', { inventory: { ...inventory, nodes: nodes.slice(0, 1) } }),
      undefined,
    );
  });

  it('tells the findings of the plan, as grave as they are', () => {
    const effects = ['blocks', 'guarded', 'warns'] as const;
    const findings = effects.map((effect) => ({
      effect,
      check: effect,
      subject: PF0,
      reason: 'because',
      remedy: 'do that',
      path: [],
    }));
    const given = { profile: EMPTY_PROFILE, findings };
    const results = effects.map((effect) => check(effect, given));
    assert.deepEqual(
      results.map((each) => [each?.result, each?.found, each?.remedy]),
      [
        ['fails', `${PF0}: because`, 'do that'],
        ['fails', `${PF0}: because`, 'do that'],
        ['warns', `${PF0}: because`, 'do that'],
      ],
    );
  });
});
