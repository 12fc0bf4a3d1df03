/**
 * What the kernel says of the guest, by other ways than those of nfvd: iproute2's JSON and plain
 * files of sysfs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';

const PCI = '/sys/bus/pci/devices';

export function read(path: string): string {
  return readFileSync(path, 'utf8').trim();
}

export function link(path: string): string | undefined {
  return existsSync(path) ? basename(readlinkSync(path)) : undefined;
}

export const attribute = (bdf: string, name: string): string => join(PCI, bdf, name);
export const driverOf = (bdf: string): string | undefined => link(attribute(bdf, 'driver'));
export const groupOf = (bdf: string): string | undefined => link(attribute(bdf, 'iommu_group'));
export const overrideOf = (bdf: string): string => read(attribute(bdf, 'driver_override'));
export const vfCount = (bdf: string): number => Number(read(attribute(bdf, 'sriov_numvfs')));
export const vfAt = (pf: string, index: number): string =>
  link(attribute(pf, `virtfn${index}`)) ?? 'none';

export function setVfCount(bdf: string, count: number): void {
  writeFileSync(attribute(bdf, 'sriov_numvfs'), String(count));
}

/** The name of its netdev. */
export function nameOf(bdf: string): string {
  const [name] = readdirSync(attribute(bdf, 'net'));
  if (name === undefined) throw new Error(`${bdf} has no netdev`);
  return name;
}

const pool = (node: number, sizeKb: number): string =>
  `/sys/devices/system/node/node${node}/hugepages/hugepages-${sizeKb}kB/nr_hugepages`;
export const pages = (node: number, sizeKb = 2048): number => Number(read(pool(node, sizeKb)));

export function setPages(node: number, count: number): void {
  writeFileSync(pool(node, 2048), String(count));
}

export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' });
}

export const ip = (...args: readonly string[]): string => run('ip', ...args);

/** iproute2 6.1's names of what it tells of a VF. */
const vf = z.object({
  vf: z.number(),
  address: z.string(),
  vlan_list: z
    .array(z.object({ vlan: z.number().optional(), qos: z.number().optional() }))
    .default([]),
  rate: z.object({ max_tx: z.number(), min_tx: z.number() }),
  spoofchk: z.boolean(),
  link_state: z.string(),
  trust: z.boolean().optional(),
});
const links = z.array(
  z.object({
    ifname: z.string(),
    address: z.string(),
    mtu: z.number(),
    flags: z.array(z.string()),
    altnames: z.array(z.string()).default([]),
    vfinfo_list: z.array(vf).default([]),
  }),
);
export type Link = z.infer<typeof links>[number];

export function linkOf(bdf: string): Link {
  const [found] = links.parse(JSON.parse(ip('-d', '-j', 'link', 'show', 'dev', nameOf(bdf))));
  if (found === undefined) throw new Error(`no link of ${bdf}`);
  return found;
}

/** As the driver of the PF has it: of the VF's own netdev it says nothing. */
export function vfOf(pf: string, index: number): Link['vfinfo_list'][number] {
  const found = linkOf(pf).vfinfo_list.find((each) => each.vf === index);
  if (found === undefined) throw new Error(`no VF ${index} of ${pf}`);
  return found;
}

/** All that a change of the host could leave behind, as lines. */
export function everything(): string[] {
  return [
    ...readdirSync(PCI).sort().flatMap(functionLines),
    ...[0, 1].flatMap((node) =>
      [2048, 1048576].map((size) => `node ${node} ${size} kB: ${pages(node, size)}`),
    ),
    ...readdirSync('/sys/class/net').sort().flatMap(netdevLines),
    ...['-4', '-6'].flatMap((family) => lines(ip(family, 'route', 'show', 'table', 'all'))),
    // VFIO's core, and /dev/vfio/vfio with it, may stay: the kernel loads and keeps it by itself.
    ...['vfio_pci', 'vfio_pci_core'].map(
      (name) => `module ${name}: ${String(existsSync(`/sys/module/${name}`))}`,
    ),
    ...(existsSync('/dev/vfio') ? readdirSync('/dev/vfio').sort() : [])
      .filter((name) => name !== 'vfio')
      .map((name) => `group ${name}`),
  ];
}

function functionLines(bdf: string): string[] {
  const optional = ['sriov_numvfs', 'sriov_drivers_autoprobe'].flatMap((name) =>
    existsSync(attribute(bdf, name)) ? [`${name} ${read(attribute(bdf, name))}`] : [],
  );
  const override = overrideOf(bdf);
  return [
    [
      bdf,
      driverOf(bdf) ?? 'no driver',
      // An empty one reads as nothing after a boot, and so later.
      override === '(null)' ? '' : override,
      groupOf(bdf) ?? '',
      ...optional,
    ].join(' | '),
  ];
}

function netdevLines(name: string): string[] {
  const at = link(`/sys/class/net/${name}/device`) ?? '';
  const [found] = links.parse(JSON.parse(ip('-d', '-j', 'link', 'show', 'dev', name)));
  const { address, mtu, flags, altnames, vfinfo_list } = found ?? {};
  const vfs = (vfinfo_list ?? []).map((each) => `${name} ${JSON.stringify(each)}`);
  const up = flags?.includes('UP') === true ? 'up' : 'down';
  const addresses = lines(ip('-o', 'address', 'show', 'dev', name))
    // The kernel makes link-local ones itself, in its own time.
    .filter((line) => !line.includes('scope link'))
    .map((line) => line.replace(/^\d+: /, '').replace(/valid_lft.*/, ''));
  return [
    `${name} ${at} ${address ?? ''} ${mtu ?? 0} ${up} ${(altnames ?? []).join()}`,
    ...vfs,
    ...addresses,
  ];
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.includes('fe80::') && !line.includes('ff00::/8'))
    .sort();
}
