/** What VPP's startup.conf has to say for a host profile. Pure. */
import { NfvError } from '../errors.js';
import type { Bdf, Vpp } from '../model/host/inventory.js';
import type { HostProfile, NicProfile, VppProfile } from '../model/host/profile.js';
import { describeSize } from '../model/host/steps.js';
import { formatNumberList } from '../model/number-list.js';
import {
  mergeManaged,
  stripManaged,
  toManaged,
  type ManagedStatement,
} from './startup-conf-merge.js';
import { parseStartupConf, type ConfStatement } from './startup-conf-parser.js';

/** A port of VPP's, by its PCI function. */
export interface VppPort {
  readonly bdf: Bdf;
  /** What VPP calls the interface. */
  readonly name: string;
  readonly driver: 'dpdk' | 'native';
  /** Vendor and device, as "8086:1889". */
  readonly id: string;
  readonly options: Pick<NicProfile, 'rxQueues' | 'txQueues' | 'rxDescriptors' | 'txDescriptors'>;
}

const DPDK_PLUGIN = 'dpdk_plugin.so';

/** Plugins that the overlay takes its ports and tunnels from; older releases have some built in. */
const OVERLAY_PLUGINS = [
  'vxlan_plugin.so',
  'vhost_plugin.so',
  'tap_plugin.so',
  'memif_plugin.so',
  'af_packet_plugin.so',
];

/** VPP's own drivers, by vendor or by vendor and device; each release has some of the plugins. */
const NATIVE_PLUGINS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^8086:(1889|154c|37cd)$/, ['dev_iavf_plugin.so', 'avf_plugin.so']],
  [/^15b3:/, ['rdma_plugin.so']],
  [/^1d0f:/, ['dev_ena_plugin.so']],
  [/^15ad:07b0$/, ['vmxnet3_plugin.so']],
];

/** The plugins that are enabled; all others are not. */
export function neededPlugins(ports: readonly VppPort[], profile: VppProfile, vpp: Vpp): string[] {
  const native = ports.filter(({ driver }) => driver === 'native');
  const wanted = [
    ...(ports.some(({ driver }) => driver === 'dpdk') ? [DPDK_PLUGIN] : []),
    ...native.flatMap(({ id }) => NATIVE_PLUGINS.find(([ids]) => ids.test(id))?.[1] ?? []),
    ...OVERLAY_PLUGINS,
  ].filter((name) => vpp.plugins.includes(name));
  return [...new Set([...wanted, ...profile.plugins])];
}

export interface ConfInput {
  readonly profile: VppProfile;
  readonly cpu: HostProfile['cpu'];
  readonly ports: readonly VppPort[];
  readonly vpp: Vpp;
}

/**
 * The whole file: the operator's text with our statements in it.
 * @param text the file there; empty: none
 * @throws NfvError STARTUP_CONF_INVALID
 */
export function makeStartupConf(text: string, input: ConfInput): string {
  const own = parseStartupConf(stripManaged(text));
  const sections = new Map<string, ManagedStatement[]>();
  const add = (section: string, ...statements: readonly ManagedStatement[]): void => {
    sections.set(section, [...(sections.get(section) ?? []), ...statements]);
  };
  const { profile } = input;
  add('unix', line('nodaemon'), line('cli-listen', profile.cliSocket), line('gid', profile.group));
  add('api-segment', line('gid', profile.group));
  add('socksvr', line('socket-name', profile.apiSocket));
  const segment = describeSize(profile.statsSegment);
  add('statseg', line('socket-name', profile.statsSocket), line('size', segment));
  add('memory', line('main-heap-size', describeSize(profile.mainHeap)));
  add('buffers', ...bufferStatements(profile));
  if (input.cpu !== undefined) add('cpu', ...cpuStatements(input.cpu));
  addDpdk(input, own, add);
  for (const [section, lines] of Object.entries(profile.sections)) {
    add(section, ...lines.flatMap(parseLine));
  }
  return mergeManaged(text, sections);
}

function line(...words: readonly string[]): ManagedStatement {
  return { words, key: 1 };
}

function bufferStatements(profile: VppProfile): ManagedStatement[] {
  const size = profile.bufferDataSize;
  return [
    line('buffers-per-numa', String(profile.buffersPerNuma)),
    ...(size === undefined ? [] : [{ words: ['default', 'data-size', String(size)], key: 2 }]),
    ...(profile.bufferPageSize === 'default' ? [] : [line('page-size', profile.bufferPageSize)]),
  ];
}

/** main-core comes first: main.c looks no further when it pins the main thread. */
function cpuStatements({ mainCore, workers }: NonNullable<HostProfile['cpu']>): ManagedStatement[] {
  const main = line('main-core', String(mainCore));
  return workers.length === 0
    ? [main]
    : [main, line('corelist-workers', formatNumberList(workers))];
}

/**
 * Without a `dev` line VPP's DPDK plugin takes every NIC whose netdev is down, so it gets `dev`
 * lines, or `no-pci`, or is off. A section that no plugin knows keeps VPP from starting.
 */
function addDpdk(
  { ports, profile, vpp }: ConfInput,
  own: readonly ConfStatement[],
  add: (section: string, ...statements: readonly ManagedStatement[]) => void,
): void {
  const dpdk = ports.filter(({ driver }) => driver === 'dpdk');
  const theirs = own.filter(({ words }) => words[0] === 'dpdk').flatMap(({ block }) => block ?? []);
  const theirSection = own.some(({ words }) => words[0] === 'dpdk');
  const theirDevices = theirs.some(({ words }) => words[0] === 'dev' && words[1] !== 'default');
  if (dpdk.length > 0) {
    refuseBans(theirs, dpdk);
    // "auto" would switch VFIO's no-IOMMU mode on by itself where a device has no group.
    add('dpdk', line('uio-driver', 'vfio-pci'), ...dpdk.map(device));
  } else if (theirSection && !theirDevices) add('dpdk', line('no-pci'));
  const enabled = neededPlugins(ports, profile, vpp);
  if (theirSection && vpp.plugins.includes(DPDK_PLUGIN)) enabled.unshift(DPDK_PLUGIN);
  add(
    'plugins',
    plugin('default', 'disable'),
    ...[...new Set(enabled)].map((p) => plugin(p, 'enable')),
  );
}

/** With these VPP starts, and has no such port. */
function refuseBans(theirs: readonly ConfStatement[], ports: readonly VppPort[]): void {
  for (const { words, line: at } of theirs) {
    const [word = '', what = ''] = words;
    const isBan = word === 'no-pci' || word === 'blacklist';
    const port = ports.find(({ bdf, id }) => word === 'no-pci' || [bdf, id].includes(what));
    if (!isBan || port === undefined) continue;
    const text = `line ${at}: "${words.join(' ')}" in section dpdk keeps ${port.bdf} from VPP`;
    throw new NfvError('STARTUP_CONF_INVALID', text, {
      remedy: 'take it out, or leave the NIC out of the profile',
      metadata: { line: String(at) },
    });
  }
}

function plugin(name: string, state: string): ManagedStatement {
  return { words: ['plugin', name], key: 2, block: [line(state)] };
}

function device({ bdf, name, options }: VppPort): ManagedStatement {
  const { rxQueues, txQueues, rxDescriptors, txDescriptors } = options;
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ['num-rx-queues', rxQueues],
    ['num-tx-queues', txQueues],
    ['num-rx-desc', rxDescriptors],
    ['num-tx-desc', txDescriptors],
  ];
  return {
    words: ['dev', bdf],
    key: 2,
    block: [
      line('name', name),
      ...numbers.flatMap(([word, n]) => (n === undefined ? [] : [line(word, String(n))])),
    ],
  };
}

/** A statement of the profile's `sections`, as it would stand in the file. */
function parseLine(text: string): ManagedStatement[] {
  if (/[#\n]/.test(text)) {
    throw new NfvError('STARTUP_CONF_INVALID', `"${text}": a comment or a line's end`, {
      remedy: 'give one statement in each line of vpp.sections',
    });
  }
  return parseStartupConf(text).map(toManaged);
}
