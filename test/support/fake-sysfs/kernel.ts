/**
 * A kernel for host preparation: a state machine behind real files. The product reads the files;
 * what it changes, it changes through programs (dd, ip, modprobe, …), and those are answered here
 * as the kernel would, errnos, short allocations, late links and hangs with it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Faults, type Fault, type Trouble } from './faults.js';
import { FakeIp, rtnetlink, strerror, type Said } from './ip.js';
import { FakePci, type Answer } from './pci.js';
import { render, Tree } from './render.js';
import type { FakeFunction, FakeState } from './state.js';

/** Undefined: it never returns. */
export type Outcome = Said | undefined;

const OK: Said = { code: 0, stdout: '', stderr: '' };

export interface FakeTimers {
  after(ms: number, callback: () => void): () => void;
}

export class FakeKernel {
  /** Each call that changes something: `write PATH = VALUE`, `ip …`, `modprobe …`. */
  readonly log: string[] = [];
  /** Called before each of them; what it throws or awaits is the test's. */
  beforeCall: (call: string, count: number) => void = () => undefined;
  readonly #pci: FakePci;
  readonly #ip: FakeIp;
  readonly #tree: Tree;
  #faults = new Faults([]);
  /** Functions whose driver is stuck, and what is done when it goes on. */
  readonly #stuck = new Map<string, () => void>();
  /** Called when something stuck goes on. */
  readonly #waiting: (() => void)[] = [];

  constructor(
    root: string,
    readonly state: FakeState,
    private readonly timers: FakeTimers,
  ) {
    this.#pci = new FakePci(state);
    this.#ip = new FakeIp(state, this.#pci);
    this.#tree = new Tree(root);
    this.show();
  }

  get root(): string {
    return this.#tree.root;
  }

  faults(...faults: readonly Fault[]): void {
    this.#faults = new Faults(faults);
  }

  /** Shows the state as files, after a test changed it. */
  show(): void {
    this.#tree.show(render(this.state));
  }

  /** All that is to be the same again after an undo, a line for each. */
  snapshot(): string[] {
    const { routes, active, networkManager, functions } = this.state;
    const files = [...render(this.state)].map(([path, entry]) => [path, entry]);
    const netdevs = [...this.#pci.netdevs()].map((netdev) => [netdev.name, netdev]);
    const pfs = [...functions.values()].map(({ bdf, pf }) => [bdf, pf]);
    const rest = [...routes, [...active], [...(networkManager?.unmanaged ?? [])].sort()];
    return [...files, ...netdevs, ...pfs, ...rest].map((part) => JSON.stringify(part)).sort();
  }

  fn(bdf: string): FakeFunction {
    const fn = this.state.functions.get(bdf);
    if (fn === undefined) throw new Error(`no function ${bdf}`);
    return fn;
  }

  /** A process ends; what waited for it goes on. */
  endProcess(pid: number): void {
    this.state.processes = this.state.processes.filter((process) => process.pid !== pid);
    for (const [bdf, goOn] of [...this.#stuck]) {
      this.#stuck.delete(bdf);
      goOn();
    }
    this.show();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Everything that was set is gone; devices are as the firmware leaves them. */
  reboot(): void {
    const { state } = this;
    state.bootId = `${state.bootId}+`;
    state.noIommu = state.noIommu === undefined ? undefined : false;
    state.drivers.delete('vfio-pci');
    state.active.clear();
    state.processes = [];
    for (const pools of state.pools.values()) {
      for (const pool of pools.values()) Object.assign(pool, { total: 0, surplus: 0, used: 0 });
    }
    for (const fn of [...state.functions.values()]) {
      if (fn.vf !== undefined) state.functions.delete(fn.bdf);
      else this.#pci.restart(fn);
    }
    this.#stuck.clear();
    this.show();
  }

  /** Resolves when something stuck went on. */
  onceFree(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The call would change something. */
  changes(name: string, args: readonly string[]): boolean {
    return name !== 'grep' && !isQuery(name, args);
  }

  /** A program is run. */
  call(name: string, args: readonly string[], input: string): Outcome {
    if (name === 'grep') return this.#grep(args);
    if (!this.changes(name, args)) return this.#perform(name, args, input);
    const call = describeCall(name, args, input, this.root);
    this.beforeCall(call, this.log.length);
    this.log.push(call);
    const trouble = this.#faults.take(call);
    const outcome = this.#withTrouble(trouble, name, args, input);
    this.show();
    return outcome;
  }

  #withTrouble(
    trouble: Trouble | undefined,
    name: string,
    args: readonly string[],
    input: string,
  ): Outcome {
    if (trouble === undefined) return this.#perform(name, args, input);
    if ('errno' in trouble) return refuse(name, args, trouble.errno);
    if ('silent' in trouble) return OK;
    if ('atMost' in trouble) return this.#perform(name, args, input, trouble.atMost);
    if ('lateMs' in trouble && input !== '0' && args.join(' ').includes('sriov_numvfs')) {
      return this.#lateVfs(trouble.lateMs, args, input);
    }
    if ('lateMs' in trouble) {
      this.timers.after(trouble.lateMs, () => {
        this.#perform(name, args, input);
        this.show();
      });
      return OK;
    }
    if (trouble.hang === 'after') this.#perform(name, args, input);
    return undefined;
  }

  /** The number is there at once, the VFs are not. */
  #lateVfs(ms: number, args: readonly string[], input: string): Outcome {
    const before = new Map(this.state.functions);
    const outcome = this.#perform('dd', args, input);
    const made = new Map(this.state.functions);
    this.state.functions = before;
    this.timers.after(ms, () => {
      this.state.functions = made;
      this.show();
    });
    return outcome;
  }

  #perform(name: string, args: readonly string[], input: string, atMost?: number): Outcome {
    switch (name) {
      case 'dd':
        return this.#write(args, input, atMost);
      case 'ip':
        return this.#ip.run(args);
      case 'modprobe':
        return this.#modprobe(args);
      case 'systemctl':
        return this.#systemctl(args);
      case 'nmcli':
        return this.#nmcli(args);
      case 'devlink':
        return this.#devlink(args);
      case '/usr/bin/vppctl':
        if (this.#isBusy()) return undefined;
        return this.state.active.has('vpp') &&
          !['ends', 'hangs'].includes(this.state.vppTrouble ?? '')
          ? { ...OK, stdout: this.#vppSays(args) }
          : { code: 1, stdout: '', stderr: 'connect: Connection refused\n' };
      default:
        return { code: 127, stdout: '', stderr: `fake kernel: no ${name}\n` };
    }
  }

  /** Its interfaces are those that its file names and vfio-pci has. */
  #vppSays(args: readonly string[]): string {
    if (!args.includes('interface')) return 'vpp v26.06-release\n';
    const path = join(this.root, 'etc/vpp/startup.conf');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const names = [...text.matchAll(/^ *dev (\S+) \{\s+name (\S+)/gm)].flatMap(([, bdf, name]) => {
      const { driver = '' } = this.state.functions.get(bdf ?? '') ?? {};
      const isThere = ['vfio-pci', 'mlx5_core'].includes(driver);
      return isThere && this.state.vppTrouble !== 'blind' ? [name] : [];
    });
    // The tables of VPP 26.06 have a column of 32 characters for names.
    const isTable = !args.includes('address');
    const rows = ['local0', ...names].map((name = '') =>
      isTable ? `${name.slice(0, 32).padEnd(32)} 1  down\r\n` : `${name} (dn):\r\n`,
    );
    return rows.join('');
  }

  /** grep -aHs '' -- FILE…, on attributes whose reading takes the device's lock. */
  #grep(args: readonly string[]): Outcome {
    const files = args.slice(args.indexOf('--') + 1);
    const stuck = [...this.#stuck.keys()];
    if (files.some((file) => stuck.some((bdf) => file.includes(`/${bdf}/`)))) return undefined;
    const lines = files.flatMap((file) => {
      try {
        return [`${file}:${readFileSync(file, 'utf8')}`];
      } catch {
        return [];
      }
    });
    return { code: 0, stdout: lines.join(''), stderr: '' };
  }

  #write(args: readonly string[], value: string, atMost?: number): Outcome {
    const path = writtenPath(args, this.root);
    if (this.state.readOnly) return refuse('dd', args, 'EROFS');
    const answer = this.#store(path, value, atMost);
    if (answer === undefined) return OK;
    if ('errno' in answer) return refuse('dd', args, answer.errno);
    const fn = this.fn(answer.waitsFor);
    this.#stuck.set(fn.bdf, () => {
      if (path.endsWith('/sriov_numvfs')) this.#pci.removeVfs(fn);
      else fn.driver = undefined;
    });
    return undefined;
  }

  #store(path: string, value: string, atMost = Infinity): Answer {
    const pages = /node(\d+)\/hugepages\/hugepages-(\d+)kB\/nr_hugepages$/.exec(path);
    if (pages !== null) return this.#setPages(Number(pages[1]), Number(pages[2]), value, atMost);
    if (path === 'sys/bus/pci/drivers_probe') {
      const fn = this.#pci.find(value.trim());
      return fn === undefined ? { errno: 'ENODEV' } : this.#pci.probe(fn);
    }
    if (path === 'sys/module/vfio/parameters/enable_unsafe_noiommu_mode') {
      if (this.state.noIommu === undefined) return { errno: 'ENOENT' };
      this.state.noIommu = value.trim() === 'Y';
      return undefined;
    }
    const [, bdf = '', attribute] = /^sys\/bus\/pci\/devices\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const fn = this.#pci.find(bdf);
    if (fn === undefined) return { errno: 'ENOENT' };
    if (this.#stuck.has(bdf)) return { waitsFor: bdf };
    return this.#storeFunction(fn, attribute ?? '', value, atMost);
  }

  #storeFunction(fn: FakeFunction, attribute: string, value: string, atMost: number): Answer {
    switch (attribute) {
      case 'driver_override':
        return this.#pci.setOverride(fn, value);
      case 'driver/unbind':
        return fn.driver === undefined ? { errno: 'ENOENT' } : this.#pci.unbind(fn, value);
      case 'sriov_numvfs':
        return this.#pci.setVfs(fn, value, atMost);
      case 'sriov_drivers_autoprobe':
        if (fn.pf === undefined) return { errno: 'ENOENT' };
        fn.pf.autoprobe = value.trim() === '1';
        return undefined;
      default:
        return { errno: 'EACCES' };
    }
  }

  /** mm/hugetlb.c: it takes any number, gives what it has, and says nothing. */
  #setPages(node: number, sizeKb: number, value: string, atMost: number): Answer {
    const pool = this.state.pools.get(node)?.get(sizeKb);
    if (pool === undefined) return { errno: 'ENOENT' };
    const wanted = Number(value);
    if (!Number.isInteger(wanted)) return { errno: 'EINVAL' };
    pool.total = Math.max(Math.min(wanted, pool.capacity, atMost), pool.used);
    pool.surplus = Math.max(0, pool.total - wanted);
    pool.capacity += pool.grows ?? 0;
    return undefined;
  }

  #modprobe(args: readonly string[]): Said {
    const name = args.at(-1) ?? '';
    if (args[0] === '-r') this.state.drivers.delete(name);
    else if (this.state.loadable.has(name)) this.state.drivers.add(name);
    else {
      const stderr = `modprobe: FATAL: Module ${name} not found in directory /lib/modules/6.12.0\n`;
      return { code: 1, stdout: '', stderr };
    }
    return OK;
  }

  #systemctl(args: readonly string[]): Outcome {
    const [verb = ''] = args.filter((word) => word !== '--no-block');
    const unit = args.at(-1) ?? '';
    if (verb === 'is-active') return { ...OK, code: this.state.active.has(unit) ? 0 : 3 };
    if (verb === 'show') return this.#isBusy() ? undefined : { ...OK, stdout: this.#show(unit) };
    if (verb === 'start' && this.state.ourUnit !== undefined) {
      this.state.queued.add(unit);
      // systemd starts it when our unit has started, and so never while we wait.
      return args.includes('--no-block') ? OK : undefined;
    }
    if (verb === 'start') this.state.active.add(unit);
    if (verb === 'stop') this.state.active.delete(unit);
    return OK;
  }

  #isBusy(): boolean {
    const { vppBusy = 0 } = this.state;
    this.state.vppBusy = Math.max(0, vppBusy - 1);
    return vppBusy > 0;
  }

  /** The unit has Restart=always, as VPP's package has it. */
  #show(unit: string): string {
    const { active, queued, ourUnit, vppTrouble } = this.state;
    if (unit === ourUnit)
      return 'Before=shutdown.target vpp.service\nActiveState=activating\nJob=7\n';
    const restarts = vppTrouble === 'ends' ? 1 : 0;
    const job = queued.has(unit) ? 'Job=8\n' : '';
    const state = active.has(unit) ? 'active' : 'inactive';
    return `ActiveState=${state}\nNRestarts=${restarts}\n${job}`;
  }

  #nmcli(args: readonly string[]): Said {
    const manager = this.state.networkManager;
    if (manager === undefined)
      return { code: 8, stdout: '', stderr: 'NetworkManager is not running\n' };
    if (args.includes('set')) {
      const name = args[2] ?? '';
      if (args.at(-1) === 'no') manager.unmanaged.add(name);
      else manager.unmanaged.delete(name);
      return OK;
    }
    const lines = [...this.#pci.netdevs()].map(
      ({ name }) => `${name}:${manager.unmanaged.has(name) ? 'unmanaged' : 'connected'}\n`,
    );
    return { ...OK, stdout: lines.join('') };
  }

  #devlink(args: readonly string[]): Said {
    const bdf = args.find((word) => word.startsWith('pci/'))?.slice(4) ?? '';
    const fn = this.#pci.find(bdf);
    if (args.includes('show')) {
      const mode = fn?.pf?.eswitch;
      const dev = mode === undefined ? {} : { [`pci/${bdf}`]: { mode } };
      return { ...OK, stdout: JSON.stringify({ dev }) };
    }
    const mode = args.at(-1) === 'switchdev' ? 'switchdev' : 'legacy';
    const answer = fn === undefined ? { errno: 'ENODEV' } : this.#pci.setEswitch(fn, mode);
    if (answer === undefined || !('errno' in answer)) return OK;
    return { code: 1, stdout: '', stderr: `kernel answers: ${strerror(answer.errno)}\n` };
  }
}

function isQuery(name: string, args: readonly string[]): boolean {
  return (
    args.includes('-j') ||
    (name === 'systemctl' && (args[0] === 'is-active' || args[0] === 'show')) ||
    name.endsWith('/vppctl') ||
    (name === 'nmcli' && args.includes('-t'))
  );
}

function writtenPath(args: readonly string[], root: string): string {
  const file = args.find((word) => word.startsWith('of='))?.slice(3) ?? '';
  return file.slice(join(root, '/').length);
}

export function describeCall(
  name: string,
  args: readonly string[],
  input: string,
  root: string,
): string {
  if (name !== 'dd') return [name, ...args].join(' ');
  return `write ${writtenPath(args, root)} = ${input.trim()}`;
}

function refuse(name: string, args: readonly string[], errno: string): Said {
  if (name === 'ip') return rtnetlink(errno);
  const file = args.find((word) => word.startsWith('of='))?.slice(3) ?? args.join(' ');
  const stderr = `${name}: error writing '${file}': ${strerror(errno)}\n`;
  return { code: 1, stdout: '', stderr };
}
