import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import * as eye from '../support/eye.js';
import { LabHost, needGuest, ON_BOARD, PF0, PF1 } from '../support/lab-host.js';

const inventory = z.object({
  functions: z.array(
    z.object({
      bdf: z.string(),
      kind: z.string(),
      driver: z.string().optional(),
      iommuGroup: z.number().optional(),
      node: z.number().optional(),
      netdevs: z.array(z.string()),
      sriov: z.object({ totalVfs: z.number(), offset: z.number(), stride: z.number() }).optional(),
    }),
  ),
  groups: z.array(z.object({ id: z.number(), members: z.array(z.string()) })),
  nodes: z.array(z.object({ id: z.number(), cpus: z.array(z.number()) })),
});

describe('the inventory of a real kernel', () => {
  let host: LabHost;
  let seen: z.infer<typeof inventory>;
  before(async function () {
    needGuest(this);
    host = new LabHost('inventory');
    seen = inventory.parse(JSON.parse(await host.ok('inventory', '-o', 'json')));
  });
  const find = (bdf: string) => seen.functions.find((fn) => fn.bdf === bdf);

  it('has the two NICs on their nodes, in groups of their own, with seven VFs to give', () => {
    for (const [node, bdf] of [PF0, PF1].entries()) {
      const fn = find(bdf);
      assert.equal(fn?.node, node);
      assert.equal(fn.driver, 'igb');
      assert.deepEqual(fn.netdevs, [eye.nameOf(bdf)]);
      assert.deepEqual(fn.sriov, { totalVfs: 7, offset: 128, stride: 2 });
      const group = seen.groups.find(({ id }) => id === fn.iommuGroup);
      assert.deepEqual(group?.members, [bdf]);
    }
  });

  it('has every function and every group that sysfs has', () => {
    const bdfs = readdirSync('/sys/bus/pci/devices').sort();
    const shown = seen.functions.map(({ bdf }) => bdf);
    assert.deepEqual(
      bdfs.filter((bdf) => shown.includes(bdf)),
      shown,
    );
    for (const { id, members } of seen.groups) {
      assert.deepEqual(members, readdirSync(`/sys/kernel/iommu_groups/${id}/devices`).sort());
    }
    assert.equal(seen.groups.length, readdirSync('/sys/kernel/iommu_groups').length);
    assert.deepEqual(
      seen.nodes.map(({ cpus }) => cpus),
      [[0], [1]],
    );
  });

  it('a preflight finds nothing in the way', async () => {
    const text = await host.ok('preflight');
    assert.match(text, /^ok +iommu: \d+ groups$/m);
    assert.match(text, / 0 in the way$/m);
  });

  it('a NIC in a group with a disk controller is not taken: the group would not be viable', async () => {
    const controller = find(ON_BOARD);
    assert.equal(controller?.driver, 'e1000');
    const disk = seen.functions.find(({ driver }) => driver === 'ahci');
    assert.equal(disk?.iommuGroup, controller.iommuGroup);
    const before = eye.everything();
    const error = await host.refused(
      `nics: [{ name: up0, role: dpdk, match: { bdf: '${ON_BOARD}' } }]`,
    );
    assert.match(error, /host\.yaml|inventory\.yaml/);
    assert.match(error, /0000:00:1f\.2 \(storage, driver ahci\) is in its IOMMU group/);
    assert.deepEqual(eye.everything(), before);
  });
});
