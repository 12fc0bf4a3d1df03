import { z } from 'zod';
import type { Inventory, NumaNode, PciFunction } from '../../../model/host/inventory.js';
import { describeSize } from '../../../model/host/steps.js';
import { fields } from '../../describe-text.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { hostOf } from './options.js';
import { section } from './print.js';

const Options = z.object({ output: DataFormat.default('table') });

/** Below `nfvctl host`. */
export const inventoryVerb: Verb = (host, define) => {
  const command = host
    .command('inventory')
    .description(
      'Says what this host has: NICs and their drivers, IOMMU groups, VFs, hugepages, CPUs, VPP.',
    )
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples('nfvctl host inventory', 'nfvctl host inventory -o json | jq .nodes'),
    );
  define(command, async (session, _args, opts) => {
    const { output } = Options.parse(opts);
    const inventory = await (await hostOf(host, session)).inventory(session.call.signal);
    await session.out.write(render(output, inventory, (wide) => text(session, inventory, wide)));
    return EXIT.ok.code;
  });
};

function text({ paint }: Session, inventory: Inventory, wide: boolean): string {
  const { machine, kernel, cpus, nodes, functions, groups, vfio, vpp, hung } = inventory;
  const online = cpus.filter((cpu) => cpu.online);
  const isolated = cpus.filter((cpu) => cpu.isolated).map(({ id }) => id);
  const shown = functions.filter(
    ({ kind }) => wide || kind === 'network' || kind === 'crypto' || kind === 'accelerator',
  );
  return [
    fields(paint, [
      ['Machine', `${machine.vendor} ${machine.product}`.trim()],
      ['Hypervisor', machine.hypervisor],
      ['Kernel', kernel.release],
      ['Boot arguments', kernel.arguments.join(' ')],
      ['CPUs', `${online.length} online, on ${nodes.length} NUMA nodes`],
      ['Isolated', isolated.join(', ')],
      ['IOMMU groups', String(groups.length)],
      ['vfio-pci', vfio.loaded ? 'loaded' : 'not loaded'],
      [
        'VFIO without IOMMU',
        vfio.noIommu === undefined ? '' : vfio.noIommu ? 'allowed' : 'not allowed',
      ],
      ['VPP', vpp === undefined ? 'none' : `${vpp.version ?? 'unknown version'} in ${vpp.prefix}`],
      ['Stuck attributes', hung.join(', '), hung.length > 0 ? 'red' : undefined],
    ]),
    section('NUMA nodes', ['NODE', 'CPUS', 'MEMORY', 'HUGEPAGES'], nodes.map(nodeRow), paint),
    section(
      wide ? 'PCI functions' : 'NICs and accelerators',
      ['BDF', 'KIND', 'ID', 'DRIVER', 'OVERRIDE', 'GROUP', 'NODE', 'NETDEVS', 'VFS', 'PF'],
      shown.map(functionRow),
      paint,
    ),
    section(
      'Interfaces',
      ['NAME', 'MAC', 'MTU', 'STATE', 'KIND', 'MASTER', 'ADDRESSES'],
      inventory.netdevs.map((netdev) => [
        netdev.name,
        netdev.mac,
        String(netdev.mtu),
        netdev.up ? (netdev.carrier ? 'up' : 'no carrier') : 'down',
        netdev.kind ?? '',
        netdev.master ?? '',
        netdev.addresses.map((each) => `${each.address}/${each.prefixLength}`).join(', '),
      ]),
      paint,
    ),
  ].join('\n');
}

function nodeRow({ id, cpus, memoryKb, hugepages }: NumaNode): string[] {
  const pools = hugepages
    .map(({ sizeKb, total, free }) => `${describeSize(sizeKb)}: ${free}/${total} free`)
    .join(', ');
  return [String(id), cpus.join(','), `${Math.round(memoryKb / 1024)} MiB`, pools];
}

function functionRow(fn: PciFunction): string[] {
  const { sriov } = fn;
  return [
    fn.bdf,
    fn.kind,
    `${fn.vendor}:${fn.device}`,
    fn.driver ?? 'none',
    fn.driverOverride ?? '',
    fn.iommuGroup === undefined ? '' : String(fn.iommuGroup),
    fn.node === undefined ? 'unknown' : String(fn.node),
    fn.netdevs.join(', '),
    sriov === undefined ? '' : `${sriov.numVfs}/${sriov.totalVfs}`,
    fn.physfn ?? '',
  ];
}
