import { z } from 'zod';
import { NETWORK_DRIFT_POLICIES } from '../../model/drift-policy.js';
import {
  MAX_MTU,
  MAX_VLAN,
  MAX_VNI,
  MIN_VNI,
  PROVIDER_DEFAULTS,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';
import { NfvError } from '../../errors.js';
import { editOf, type FlagSet } from './flag-set.js';
import { choiceOf, collect, integerOf, listOf } from './parse.js';

const text = z.string().optional();

const Options = z.object({
  displayName: text,
  label: z.array(z.string()).optional(),
  tenant: text,
  vni: text,
  mtu: text,
  bumMode: text,
  bumGroup: text,
  learning: z.boolean().optional(),
  arpSuppression: z.boolean().optional(),
  prefix: z.array(z.string()).optional(),
  underlayFamily: text,
  driftPolicy: text,
  providerUplink: text,
  providerVlan: text,
});
type Options = z.infer<typeof Options>;

export const NETWORK_FLAGS: FlagSet<VirtualNetworkSpec> = {
  add(command) {
    command
      .option('--vni <number>', `VXLAN network identifier, ${MIN_VNI}-${MAX_VNI}; chosen if absent`)
      .option('--prefix <prefix>', 'IP prefix in use, e.g. 10.0.0.0/24; repeatable', collect)
      .option('--tenant <name>', 'whose network it is; "default" if absent')
      .option('--mtu <bytes>', 'inner MTU; 0: derived from the underlays')
      .option('--bum-mode <mode>', 'head-end, multicast or none')
      .option('--bum-group <address>', "the underlay's multicast group, with multicast")
      .option('--learning', 'NVEs also learn MACs from frames')
      .option('--no-learning', 'the NVA feeds them only')
      .option('--arp-suppression', 'NVEs answer ARP and ND for known addresses')
      .option('--no-arp-suppression', 'ARP and ND are flooded')
      .option('--underlay-family <family>', 'ipv4 or ipv6')
      .option('--drift-policy <policy>', 'repair, report or ignore; default: as the agents have it')
      .option('--display-name <text>', 'for people')
      .option('--provider-uplink <name>', "the physical network that it is: an uplink of the NVEs'")
      .option('--provider-vlan <number>', `a VLAN of it, 1-${MAX_VLAN}; absent: without a tag`)
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read(raw) {
    const options = Options.parse(raw);
    return editOf<VirtualNetworkSpec>(options, ownChanges(options));
  },
};

function ownChanges(options: Options): Partial<VirtualNetworkSpec> {
  const { tenant, vni, mtu, bumMode, bumGroup, learning, arpSuppression } = options;
  const { prefix, underlayFamily, driftPolicy } = options;
  return {
    ...providerChanges(options),
    ...(tenant === undefined ? {} : { tenant }),
    ...(vni === undefined ? {} : { vni: vniOf(vni) }),
    ...(mtu === undefined ? {} : { mtu: integerOf('--mtu', mtu, [0, MAX_MTU]) }),
    ...(bumMode === undefined ? {} : bumChanges(bumMode)),
    ...(bumGroup === undefined ? {} : { bumGroup }),
    ...(learning === undefined ? {} : { learning }),
    ...(arpSuppression === undefined ? {} : { arpSuppression }),
    ...(prefix === undefined ? {} : { prefixes: listOf(prefix) }),
    ...(underlayFamily === undefined
      ? {}
      : { underlayFamily: choiceOf('--underlay-family', underlayFamily, ['IPV4', 'IPV6']) }),
    ...(driftPolicy === undefined
      ? {}
      : { driftPolicy: choiceOf('--drift-policy', driftPolicy, NETWORK_DRIFT_POLICIES) }),
  };
}

function providerChanges({ providerUplink, providerVlan }: Options): Partial<VirtualNetworkSpec> {
  if (providerUplink === undefined) {
    if (providerVlan === undefined) return {};
    throw new NfvError('INVALID_FIELD', '--provider-vlan without --provider-uplink', {
      remedy: 'give --provider-uplink NAME too',
    });
  }
  const vlan =
    providerVlan === undefined ? 0 : integerOf('--provider-vlan', providerVlan, [0, MAX_VLAN]);
  return { ...PROVIDER_DEFAULTS, provider: { uplink: providerUplink, vlan } };
}

function vniOf(text: string): number {
  const remedy = `give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`;
  return integerOf('--vni', text, [MIN_VNI, MAX_VNI], 'not a VNI', remedy);
}

/** A group that the new mode has no use for goes with the old one. */
function bumChanges(text: string): Partial<VirtualNetworkSpec> {
  const bumMode = choiceOf('--bum-mode', text, ['HEAD_END', 'MULTICAST', 'NONE']);
  return bumMode === 'MULTICAST' ? { bumMode } : { bumMode, bumGroup: '' };
}
