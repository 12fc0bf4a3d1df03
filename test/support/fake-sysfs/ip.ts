/** iproute2 on the fake kernel's state: what the product asks it, and what that says. */
import { FAKE_DRIVERS } from './drivers.js';
import type { FakePci } from './pci.js';
import type { FakeFunction, FakeNetdev, FakeRoute, FakeState, FakeVf } from './state.js';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OK: Said = { code: 0, stdout: '', stderr: '' };

const TEXTS: Readonly<Record<string, string>> = {
  EOPNOTSUPP: 'Operation not supported',
  EINVAL: 'Invalid argument',
  EEXIST: 'File exists',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAGAIN: 'Resource temporarily unavailable',
  EBUSY: 'Device or resource busy',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  EPERM: 'Operation not permitted',
  ENETDOWN: 'Network is down',
  ENOMEM: 'Cannot allocate memory',
  ERANGE: 'Numerical result out of range',
  EACCES: 'Permission denied',
  EROFS: 'Read-only file system',
  ENOSYS: 'Function not implemented',
  EIO: 'Input/output error',
};

export function strerror(errno: string): string {
  return TEXTS[errno] ?? errno;
}

export function rtnetlink(errno: string): Said {
  return { code: 2, stdout: '', stderr: `RTNETLINK answers: ${strerror(errno)}\n` };
}

export class FakeIp {
  /** VFs whose MAC the PF has set: untrusted, they cannot give themselves another. */
  readonly #macsSet = new WeakSet<FakeVf>();

  constructor(
    private readonly state: FakeState,
    private readonly pci: FakePci,
  ) {}

  run(args: readonly string[]): Said {
    const words = args.filter((word) => !['-j', '-d'].includes(word));
    const text = words.join(' ');
    if (text === 'address show') return json(this.#addresses());
    if (text.endsWith('route show table all')) return json(this.#routes(text));
    if (text.startsWith('route get ')) return this.#lookup(words[2] ?? '');
    if (text.startsWith('link set dev ')) return this.#setLink(words[3] ?? '', words.slice(4));
    if (text.startsWith('link property ')) return this.#altname(words);
    if (text.startsWith('address replace ')) return this.#addAddress(words);
    if (/^-[46] route replace /.test(text)) return this.#addRoute(words);
    return { code: 255, stdout: '', stderr: `fake ip does not know: ${text}\n` };
  }

  #netdev(name: string): FakeNetdev | undefined {
    return [...this.pci.netdevs()].find((netdev) => netdev.name === name);
  }

  #functionOf(name: string): FakeFunction | undefined {
    return [...this.state.functions.values()].find(({ netdev }) => netdev?.name === name);
  }

  #addresses(): object[] {
    const lo = { ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], mtu: 65536, address: '' };
    return [lo, ...[...this.pci.netdevs()].map((netdev) => this.#describe(netdev))];
  }

  #describe(n: FakeNetdev): object {
    const pf = this.#functionOf(n.name)?.pf;
    return {
      ifname: n.name,
      flags: ['BROADCAST', ...(n.up ? ['UP', 'LOWER_UP'] : [])],
      mtu: n.mtu,
      address: n.mac,
      ...(n.altnames.length === 0 ? {} : { altnames: n.altnames }),
      ...(n.master === undefined ? {} : { master: n.master }),
      ...(n.lower === undefined ? {} : { link: n.lower }),
      ...(n.kind === undefined ? {} : { linkinfo: { info_kind: n.kind } }),
      ...(pf === undefined
        ? {}
        : { vfinfo_list: pf.vfs.map((vf, index) => describeVf(vf, index)) }),
      addr_info: n.addresses.map((a) => ({
        family: a.address.includes(':') ? 'inet6' : 'inet',
        local: a.address,
        prefixlen: a.prefixLength,
        scope: a.address.startsWith('fe80') ? 'link' : 'global',
        ...(a.dynamic === true ? { dynamic: true } : {}),
      })),
    };
  }

  #routes(text: string): object[] {
    const family = text.startsWith('-6') ? 6 : 4;
    return this.state.routes
      .filter((route) => route.family === family)
      .map((r) => ({
        dst: r.destination,
        dev: r.device,
        ...(r.gateway === undefined ? {} : { gateway: r.gateway }),
        ...(r.table === 'main' ? {} : { table: r.table }),
        ...(r.metric === undefined ? {} : { metric: r.metric }),
        ...(r.protocol === 'boot' ? {} : { protocol: r.protocol }),
        ...(r.encap === undefined ? {} : { encap: r.encap }),
        flags: [],
      }));
  }

  /** The longest prefix is not needed: a route to the very address, or the default. */
  #lookup(address: string): Said {
    const to = this.state.routes.find((r) => r.destination === address);
    const route = to ?? this.state.routes.find((r) => r.destination === 'default');
    return route === undefined
      ? rtnetlink('ENETUNREACH')
      : json([{ dst: address, dev: route.device }]);
  }

  #setLink(name: string, words: readonly string[]): Said {
    const netdev = this.#netdev(name);
    if (netdev === undefined)
      return { code: 1, stdout: '', stderr: `Cannot find device "${name}"\n` };
    const [verb = '', value = ''] = words;
    if (verb === 'vf') return this.#setVf(name, Number(value), words.slice(2));
    if (verb === 'up') netdev.up = true;
    else if (verb === 'down') this.#down(netdev);
    else if (verb === 'name') return this.#rename(netdev, value);
    else if (verb === 'address') return this.#setMac(netdev, value);
    else if (verb === 'mtu') netdev.mtu = Number(value);
    else return rtnetlink('EINVAL');
    return OK;
  }

  /** igb_main.c, igb_set_vf_mac_addr; igbvf/netdev.c, igbvf_set_mac. */
  #setMac(netdev: FakeNetdev, mac: string): Said {
    const fn = this.#functionOf(netdev.name);
    const pf = fn?.vf === undefined ? undefined : this.state.functions.get(fn.vf.pf);
    const vf = pf?.pf?.vfs[fn?.vf?.index ?? 0];
    if (vf !== undefined) {
      if (this.#macsSet.has(vf) && !vf.trust && vf.mac !== mac) return rtnetlink('EADDRNOTAVAIL');
      vf.mac = mac;
    }
    netdev.mac = mac;
    return OK;
  }

  /** With the link go its routes and the addresses of IPv6. */
  #down(netdev: FakeNetdev): void {
    netdev.up = false;
    netdev.addresses = netdev.addresses.filter(({ address }) => !address.includes(':'));
    this.state.routes = this.state.routes.filter(({ device }) => device !== netdev.name);
  }

  #rename(netdev: FakeNetdev, name: string): Said {
    if (netdev.up) return rtnetlink('EBUSY');
    if (this.#netdev(name) !== undefined) return rtnetlink('EEXIST');
    netdev.name = name;
    return OK;
  }

  #altname([, , verb, , name = '', , altname = '']: readonly string[]): Said {
    const netdev = this.#netdev(name);
    if (netdev === undefined)
      return { code: 1, stdout: '', stderr: `Cannot find device "${name}"\n` };
    netdev.altnames = netdev.altnames.filter((other) => other !== altname);
    if (verb === 'add') netdev.altnames.push(altname);
    return OK;
  }

  #addAddress([, , text = '', , name = '', ...rest]: readonly string[]): Said {
    const netdev = this.#netdev(name);
    const [address = '', length = ''] = text.split('/');
    if (netdev === undefined) return rtnetlink('ENODEV');
    netdev.addresses = netdev.addresses.filter((a) => a.address !== address);
    const dynamic = rest.includes('valid_lft');
    netdev.addresses.push({
      address,
      prefixLength: Number(length),
      ...(dynamic ? { dynamic } : {}),
    });
    return OK;
  }

  #addRoute(words: readonly string[]): Said {
    const after = (word: string): string | undefined => {
      const at = words.indexOf(word);
      return at < 0 ? undefined : words[at + 1];
    };
    const device = after('dev') ?? '';
    const gateway = after('via');
    const metric = after('metric');
    if (this.#netdev(device)?.up !== true) return rtnetlink('ENETDOWN');
    const route: FakeRoute = {
      family: words[0] === '-6' ? 6 : 4,
      table: after('table') ?? 'main',
      destination: words[3] ?? '',
      device,
      ...(gateway === undefined ? {} : { gateway }),
      ...(metric === undefined ? {} : { metric: Number(metric) }),
      protocol: after('proto') ?? 'boot',
    };
    this.state.routes.push(route);
    return OK;
  }

  #setVf(name: string, index: number, [property = '', ...values]: readonly string[]): Said {
    const fn = this.#functionOf(name);
    const vf = fn?.pf?.vfs[index];
    const driver = FAKE_DRIVERS[fn?.driver ?? ''];
    if (vf === undefined || driver === undefined) return rtnetlink('EINVAL');
    if (driver.cannot.includes(property)) return rtnetlink('EOPNOTSUPP');
    const down = fn?.netdev?.up !== true;
    if (driver.rateNeedsLink === true && property === 'max_tx_rate' && down)
      return rtnetlink('EINVAL');
    const set = SET_VF[property];
    if (set === undefined) return rtnetlink('EINVAL');
    set(vf, values);
    if (property === 'mac') this.#macsSet.add(vf);
    return OK;
  }
}

const SET_VF: Readonly<Record<string, (vf: FakeVf, values: readonly string[]) => void>> = {
  mac(vf, [mac = '']) {
    vf.mac = mac;
  },
  spoofchk(vf, [value]) {
    vf.spoofchk = value === 'on';
  },
  trust(vf, [value]) {
    vf.trust = value === 'on';
  },
  state(vf, [value = '']) {
    vf.linkState = value;
  },
  min_tx_rate(vf, [value]) {
    vf.minTxRate = Number(value);
  },
  max_tx_rate(vf, [value]) {
    vf.maxTxRate = Number(value);
  },
  /** vlan V [qos Q [proto P]] */
  vlan(vf, [vlan, , qos, , protocol]) {
    vf.vlan = Number(vlan);
    vf.qos = Number(qos ?? 0);
    vf.protocol = protocol ?? '802.1Q';
  },
};

function json(value: unknown): Said {
  return { code: 0, stdout: JSON.stringify(value), stderr: '' };
}

function describeVf(vf: NonNullable<FakeFunction['pf']>['vfs'][number], index: number): object {
  const tag = {
    ...(vf.vlan === 0 ? {} : { vlan: vf.vlan }),
    ...(vf.qos === 0 ? {} : { qos: vf.qos }),
    ...(vf.protocol === '802.1Q' ? {} : { protocol: vf.protocol }),
  };
  return {
    vf: index,
    address: vf.mac,
    vlan_list: [tag],
    rate: { max_tx: vf.maxTxRate, min_tx: vf.minTxRate },
    spoofchk: vf.spoofchk,
    trust: vf.trust,
    link_state: vf.linkState,
  };
}
