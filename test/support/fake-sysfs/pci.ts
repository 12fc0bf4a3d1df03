/** PCI drivers, VFIO and SR-IOV, as the fake kernel does them. */
import { FAKE_DRIVERS, type FakeDriver } from './drivers.js';
import { newVf, type FakeFunction, type FakeState } from './state.js';

/** What a write answers: nothing, an errno, or that it waits for somebody. */
export type Answer = undefined | { readonly errno: string } | { readonly waitsFor: string };

const NO_MAC = '00:00:00:00:00:00';

export class FakePci {
  #macs = 0;
  #pending = new Map<string, number>();

  constructor(private readonly state: FakeState) {}

  find(bdf: string): FakeFunction | undefined {
    return this.state.functions.get(bdf);
  }

  /** Device nodes of the function that a process may hold. */
  nodesOf(fn: FakeFunction): string[] {
    return fn.group === undefined ? [] : [`/dev/vfio/${fn.group}`];
  }

  isHeld(fn: FakeFunction): boolean {
    const nodes = this.nodesOf(fn);
    return this.state.processes.some(({ open }) => open.some((path) => nodes.includes(path)));
  }

  /** drivers/pci/pci-sysfs.c, driver_override_store */
  setOverride(fn: FakeFunction, value: string): Answer {
    const name = value.split('\n')[0] ?? '';
    fn.override = name === '' ? undefined : name;
    return undefined;
  }

  /** drivers/base/bus.c, unbind_store */
  unbind(fn: FakeFunction, value: string): Answer {
    if (fn.driver === undefined || value.trim() !== fn.bdf) return { errno: 'ENODEV' };
    if (fn.driver === 'vfio-pci' && this.isHeld(fn)) {
      // The link goes first, the wait is in the driver's remove().
      fn.driver = undefined;
      return { waitsFor: fn.bdf };
    }
    // A PF's driver takes its VFs with it.
    if (fn.pf !== undefined && fn.pf.vfs.length > 0) this.removeVfs(fn);
    this.#release(fn);
    return undefined;
  }

  #release(fn: FakeFunction): void {
    fn.driver = undefined;
    const name = fn.netdev?.name;
    fn.netdev = undefined;
    this.state.routes = this.state.routes.filter(({ device }) => device !== name);
  }

  /** drivers/base/bus.c, drivers_probe_store; drivers/pci/pci-driver.c, pci_device_can_probe */
  probe(fn: FakeFunction): Answer {
    if (fn.driver !== undefined) return undefined;
    const autoprobe = fn.vf === undefined || this.find(fn.vf.pf)?.pf?.autoprobe !== false;
    if (!autoprobe && fn.override === undefined) return undefined;
    const driver = fn.override ?? fn.nativeDriver;
    if (driver === undefined || !this.state.drivers.has(driver)) return undefined;
    if (driver === 'vfio-pci') {
      if (fn.group === undefined && this.state.noIommu !== true) return { errno: 'EINVAL' };
      fn.driver = driver;
      return undefined;
    }
    // Another driver than the one that knows the device gives up in its probe().
    if (driver === fn.nativeDriver) this.#bindNative(fn, driver);
    return undefined;
  }

  #bindNative(fn: FakeFunction, driver: string): void {
    fn.driver = driver;
    if (fn.elsewhere === true || !fn.classCode.startsWith('02')) return;
    const admin = fn.vf === undefined ? undefined : this.find(fn.vf.pf)?.pf?.vfs[fn.vf.index]?.mac;
    fn.netdev = {
      name: this.#freeName(),
      altnames: [],
      mac: admin ?? fn.mac,
      mtu: 1500,
      up: false,
      addresses: [],
    };
  }

  #freeName(): string {
    const names = new Set([...this.netdevs()].map(({ name }) => name));
    for (let i = 0; ; i++) if (!names.has(`eth${i}`)) return `eth${i}`;
  }

  /** After a boot: on its own driver, with a fresh netdev of the old name. */
  restart(fn: FakeFunction): void {
    fn.override = undefined;
    if (fn.pf !== undefined) Object.assign(fn.pf, { autoprobe: true, vfs: [] });
    if (fn.pf?.eswitch !== undefined) fn.pf.eswitch = 'legacy';
    if (fn.driver === fn.nativeDriver && fn.netdev !== undefined) return;
    fn.driver = undefined;
    this.probe(fn);
  }

  *netdevs(): Generator<NonNullable<FakeFunction['netdev']>> {
    for (const { netdev } of this.state.functions.values()) if (netdev !== undefined) yield netdev;
    yield* this.state.others;
  }

  /**
   * drivers/pci/pci-sysfs.c, sriov_numvfs_store.
   * @param atMost VFs that there is room for: fewer than asked for are no error
   */
  setVfs(fn: FakeFunction, value: string, atMost = Infinity): Answer {
    const count = /^\d+\n?$/.test(value) ? Number(value) : undefined;
    const driver = fn.driver === undefined ? undefined : FAKE_DRIVERS[fn.driver];
    if (count === undefined) return { errno: 'EINVAL' };
    if (fn.pf === undefined || driver === undefined) return { errno: 'ENOENT' };
    if (count > fn.pf.totalVfs) return { errno: 'ERANGE' };
    if (count === fn.pf.vfs.length) return undefined;
    if (count > 0 && fn.pf.vfs.length > 0) return { errno: 'EBUSY' };
    if (this.#isPending(fn, driver)) return { errno: 'EAGAIN' };
    return count === 0 ? this.#takeVfs(fn, driver) : this.#giveVfs(fn, driver, count, atMost);
  }

  #isPending({ bdf }: FakeFunction, driver: FakeDriver): boolean {
    const pending = this.#pending.get(bdf) ?? driver.pending ?? 0;
    this.#pending.set(bdf, Math.max(0, pending - 1));
    return pending > 0;
  }

  #giveVfs(fn: FakeFunction, driver: FakeDriver, count: number, atMost: number): Answer {
    if (driver.whileDown === 'nothing' && fn.netdev?.up !== true) return undefined;
    this.#makeVfs(fn, driver, Math.min(count, atMost));
    return undefined;
  }

  #takeVfs(fn: FakeFunction, { assigned }: FakeDriver): Answer {
    const held = [...this.vfsOf(fn)].some((vf) => this.isHeld(vf));
    if (held && assigned !== undefined) return { errno: assigned };
    if (held) return { waitsFor: fn.bdf };
    this.removeVfs(fn);
    return undefined;
  }

  *vfsOf(fn: FakeFunction): Generator<FakeFunction> {
    for (const other of this.state.functions.values()) if (other.vf?.pf === fn.bdf) yield other;
  }

  removeVfs(fn: FakeFunction): void {
    for (const vf of [...this.vfsOf(fn)]) {
      this.#release(vf);
      this.state.functions.delete(vf.bdf);
    }
    if (fn.pf !== undefined) fn.pf.vfs = [];
  }

  /** First VF at offset 128, stride 2, each with the lowest group that is free. */
  #makeVfs(fn: FakeFunction, driver: FakeDriver, count: number): void {
    if (fn.pf === undefined) return;
    const blind = driver.whileDown === 'no-macs' && fn.netdev?.up !== true;
    const macs = Array.from({ length: count }, () => (blind ? NO_MAC : this.#randomMac()));
    fn.pf.vfs = macs.map((mac) => newVf(mac));
    for (let index = 0; index < count; index++) {
      const bdf = this.#vfAddress(fn.bdf, index);
      const vf: FakeFunction = {
        bdf,
        classCode: '020000',
        vendor: driver.vfVendor,
        device: driver.vfDevice,
        node: fn.node,
        group: fn.group === undefined || fn.pf.oneGroup === true ? fn.group : this.#freeGroup(),
        nativeDriver: driver.vfDriver,
        mac: macs[index] ?? NO_MAC,
        driver: undefined,
        override: undefined,
        netdev: undefined,
        vf: { pf: fn.bdf, index },
      };
      this.state.functions.set(bdf, vf);
      this.probe(vf);
    }
  }

  #vfAddress(pf: string, index: number): string {
    const routing = 128 + index * 2;
    const slot = Math.floor((routing % 256) / 8) % 32;
    return `${pf.slice(0, 8)}${slot.toString(16).padStart(2, '0')}.${routing % 8}`;
  }

  #freeGroup(): number {
    const used = new Set([...this.state.functions.values()].map(({ group }) => group));
    for (let id = 0; ; id++) if (!used.has(id)) return id;
  }

  #randomMac(): string {
    return `fe:00:00:00:00:${(++this.#macs).toString(16).padStart(2, '0')}`;
  }

  /** devlink dev eswitch set */
  setEswitch(fn: FakeFunction, mode: 'legacy' | 'switchdev'): Answer {
    const rule = FAKE_DRIVERS[fn.driver ?? '']?.eswitch;
    if (fn.pf === undefined || rule === undefined) return { errno: 'EOPNOTSUPP' };
    const vfs = [...this.vfsOf(fn)];
    const busy =
      rule.needs === 'no-vfs' ? vfs.length > 0 : vfs.some((vf) => vf.driver !== undefined);
    if (busy) return { errno: 'EBUSY' };
    // mlx5 wants VFs to be there when it goes to switchdev.
    if (rule.needs === 'unbound-vfs' && mode === 'switchdev' && vfs.length === 0) {
      return { errno: 'EINVAL' };
    }
    fn.pf.eswitch = mode;
    return undefined;
  }
}
