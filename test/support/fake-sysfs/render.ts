/** The fake kernel's state as a tree of files and links. */
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { FakeFunction, FakeProcess, FakeState } from './state.js';

export type Entry = { readonly text: string } | { readonly link: string } | 'folder';

const PCI = 'sys/devices/pci0000:00';

/** Files and links by path. A link is told by what it leads to. */
export function render(state: FakeState): Map<string, Entry> {
  const tree = new Map<string, Entry>();
  const text = (path: string, value: string | number): void => {
    tree.set(path, { text: `${value}\n` });
  };
  text('proc/cmdline', state.commandLine);
  text('proc/sys/kernel/osrelease', '6.12.0-fake');
  text('proc/sys/kernel/random/boot_id', state.bootId);
  text('proc/meminfo', 'MemTotal: 4000000 kB\nHugepagesize:    2048 kB');
  if (state.ourUnit !== undefined) text('proc/self/cgroup', `0::/system.slice/${state.ourUnit}`);
  text('proc/mounts', 'sysfs /sys sysfs rw 0 0');
  text('sys/class/dmi/id/sys_vendor', 'Fake');
  text('sys/class/dmi/id/product_name', 'Kernel');
  for (const folder of [
    'sys/class/net',
    'sys/kernel/iommu_groups',
    'sys/bus/pci/devices',
    'dev/vfio',
  ]) {
    tree.set(folder, 'folder');
  }
  renderCpus(state, text);
  if (state.noIommu !== undefined && state.drivers.has('vfio-pci')) {
    text('sys/module/vfio/parameters/enable_unsafe_noiommu_mode', state.noIommu ? 'Y' : 'N');
  }
  for (const driver of state.drivers) tree.set(`sys/bus/pci/drivers/${driver}`, 'folder');
  text('sys/bus/pci/drivers_probe', '');
  for (const fn of state.functions.values()) renderFunction(state, fn, tree);
  for (const { name } of state.others) tree.set(`sys/class/net/${name}`, 'folder');
  for (const process of state.processes) renderProcess(process, tree);
  for (const [path, content] of state.files) tree.set(path, { text: content });
  if (state.networkManager !== undefined) text('run/NetworkManager/NetworkManager.pid', 1);
  return tree;
}

function renderCpus(state: FakeState, text: (path: string, value: string | number) => void): void {
  const list = (ids: readonly number[]): string => ids.join(',');
  const folder = 'sys/devices/system/cpu';
  const ids = state.cpus.map(({ id }) => id);
  text(`${folder}/present`, list(ids));
  text(`${folder}/online`, list(ids));
  text(`${folder}/isolated`, list(state.cpus.filter((c) => c.isolated === true).map((c) => c.id)));
  text(`${folder}/nohz_full`, '(null)');
  for (const { id } of state.cpus) {
    text(`${folder}/cpu${id}/topology/thread_siblings_list`, id);
    text(`${folder}/cpu${id}/topology/physical_package_id`, 0);
    text(`${folder}/cpu${id}/topology/core_id`, id);
  }
  for (const [node, pools] of state.pools) {
    const at = `sys/devices/system/node/node${node}`;
    text(`${at}/cpulist`, list(state.cpus.filter((cpu) => cpu.node === node).map(({ id }) => id)));
    text(`${at}/meminfo`, `Node ${node} MemTotal:       2000000 kB`);
    for (const [sizeKb, pool] of pools) {
      const pages = `${at}/hugepages/hugepages-${sizeKb}kB`;
      text(`${pages}/nr_hugepages`, pool.total);
      text(`${pages}/free_hugepages`, pool.total - pool.used);
      text(`${pages}/surplus_hugepages`, pool.surplus);
    }
  }
}

function renderFunction(state: FakeState, fn: FakeFunction, tree: Map<string, Entry>): void {
  const at = `${PCI}/${fn.bdf}`;
  const text = (name: string, value: string | number): void => {
    tree.set(`${at}/${name}`, { text: `${value}\n` });
  };
  tree.set(`sys/bus/pci/devices/${fn.bdf}`, { link: at });
  text('class', `0x${fn.classCode}`);
  text('vendor', `0x${fn.vendor}`);
  text('device', `0x${fn.device}`);
  text('numa_node', fn.node);
  text(
    'local_cpulist',
    state.cpus
      .filter((c) => c.node === fn.node)
      .map((c) => c.id)
      .join(','),
  );
  text('driver_override', fn.override ?? '(null)');
  if (fn.group !== undefined) {
    const group = `sys/kernel/iommu_groups/${fn.group}`;
    tree.set(`${at}/iommu_group`, { link: group });
    tree.set(`${group}/type`, { text: 'identity\n' });
    tree.set(`${group}/devices/${fn.bdf}`, { link: at });
  }
  if (fn.driver !== undefined) {
    const driver = `sys/bus/pci/drivers/${fn.driver}`;
    tree.set(`${at}/driver`, { link: driver });
    tree.set(`${driver}/${fn.bdf}`, { link: at });
    tree.set(`${driver}/unbind`, { text: '' });
    if (fn.driver === 'vfio-pci') {
      const node = fn.group ?? `noiommu-${fn.bdf.slice(5, 7)}`;
      tree.set(`dev/vfio/${node}`, { text: '' });
    }
  }
  renderSriov(state, fn, tree, text);
  if (fn.netdev !== undefined) {
    const netdev = `${at}/net/${fn.netdev.name}`;
    tree.set(`${netdev}/device`, { link: at });
    tree.set(`sys/class/net/${fn.netdev.name}`, { link: netdev });
  }
}

function renderSriov(
  state: FakeState,
  fn: FakeFunction,
  tree: Map<string, Entry>,
  text: (name: string, value: string | number) => void,
): void {
  const at = `${PCI}/${fn.bdf}`;
  if (fn.uio !== undefined) tree.set(`${at}/uio/${fn.uio}`, 'folder');
  if (fn.vf !== undefined) tree.set(`${at}/physfn`, { link: `${PCI}/${fn.vf.pf}` });
  if (fn.pf === undefined) return;
  text('sriov_totalvfs', fn.pf.totalVfs);
  text('sriov_numvfs', fn.pf.numVfsText ?? fn.pf.vfs.length);
  text('sriov_offset', 128);
  text('sriov_stride', 2);
  text('sriov_drivers_autoprobe', fn.pf.autoprobe ? 1 : 0);
  for (const other of state.functions.values()) {
    if (other.vf?.pf !== fn.bdf) continue;
    tree.set(`${at}/virtfn${other.vf.index}`, { link: `${PCI}/${other.bdf}` });
  }
}

function renderProcess(process: FakeProcess, tree: Map<string, Entry>): void {
  const at = `proc/${process.pid}`;
  const { command, hugepages, sshConnection } = process;
  const kb = hugepages === undefined ? 0 : hugepages.pages * hugepages.sizeKb;
  const status = `Name:\t${command}\nVmSize:\t 1000 kB\nHugetlbPages:\t ${kb} kB\n`;
  tree.set(`${at}/status`, { text: status });
  tree.set(`${at}/comm`, { text: `${command}\n` });
  const environment = sshConnection === undefined ? '' : `SSH_CONNECTION=${sshConnection}\0`;
  tree.set(`${at}/environ`, { text: `PATH=/bin\0${environment}` });
  if (hugepages !== undefined) {
    const { node, pages, sizeKb } = hugepages;
    const map = `7f0000000000 default file=/x huge N${node}=${pages} kernelpagesize_kB=${sizeKb}\n`;
    tree.set(`${at}/numa_maps`, { text: map });
  }
  const taps = process.taps ?? [];
  const files = [...process.open, ...taps.map(() => '/dev/net/tun')];
  for (const [fd, path] of files.entries()) tree.set(`${at}/fd/${fd}`, { link: path });
  for (const [i, tap] of taps.entries()) {
    const info = { text: `pos:\t0\nflags:\t02100002\niff:\t${tap}\n` };
    tree.set(`${at}/fdinfo/${process.open.length + i}`, info);
  }
}

/** Keeps a folder equal to what is rendered, touching only what changes. */
export class Tree {
  #shown = new Map<string, Entry>();
  readonly #folders = new Set<string>();

  constructor(readonly root: string) {
    mkdirSync(root, { recursive: true });
  }

  show(wanted: ReadonlyMap<string, Entry>): void {
    for (const path of [...this.#shown.keys()].reverse()) {
      if (wanted.has(path)) continue;
      rmSync(join(this.root, path), { recursive: true, force: true });
      this.#folders.clear();
    }
    for (const [path, entry] of wanted) {
      const before = this.#shown.get(path);
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(entry)) continue;
      this.#put(path, entry);
    }
    this.#shown = new Map(wanted);
    this.#sweep('sys/class/net');
  }

  #put(path: string, entry: Entry): void {
    const full = join(this.root, path);
    this.#makeFolder(entry === 'folder' ? full : dirname(full));
    if (entry === 'folder') return;
    if ('text' in entry) {
      writeFileSync(full, entry.text);
      return;
    }
    if (this.#shown.has(path)) rmSync(full, { force: true, recursive: true });
    // Those of /proc lead to where the process sees them, not below our root.
    const target = path.startsWith('proc/')
      ? entry.link
      : relative(dirname(full), join(this.root, entry.link));
    symlinkSync(target, full);
  }

  #makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.#folders.add(path);
  }

  /** Links to what is gone. */
  #sweep(folder: string): void {
    for (const name of readdirSync(join(this.root, folder))) {
      if (!this.#shown.has(`${folder}/${name}`)) {
        rmSync(join(this.root, folder, name), { recursive: true, force: true });
      }
    }
  }

  /** What a link leads to. */
  target(path: string): string {
    return readlinkSync(join(this.root, path));
  }
}
