/** Sets a VF's properties through its PF, one by one, and reads them back. */
import { NfvError } from '../errors.js';
import type { HostDoors, Observed, ReadDoors } from '../host/doors.js';
import { poll } from '../host/poll.js';
import { withRetries } from '../host/retry.js';
import { awaitNetdev, netdevName } from '../dpdk/netdev-steps.js';
import { readNetdevs, tellIp } from '../dpdk/netdevs.js';
import { functionPath } from '../dpdk/pci.js';
import type { Bdf, VfSettings } from '../model/host/inventory.js';
import type { StepOf, VfValues } from '../model/host/steps.js';

/** A VF in reset answers EAGAIN for a second or two. */
const RETRIES = { attempts: 20, everyMs: 100 };
const READ_BACK = { everyMs: 100, limitMs: 2000 };

type Vf = StepOf<'vf'>;

/**
 * The words after `ip link set dev PF vf K` for what differs, each by itself so that a refusal
 * names its property. VLAN, priority and protocol are one. Pure.
 */
export function vfCommands(now: VfSettings, wanted: VfValues): string[][] {
  const commands: string[][] = [];
  const { mac, spoofchk, trust, linkState } = wanted;
  if (mac !== null && mac !== now.mac) commands.push(['mac', mac]);
  commands.push(...vlanCommand(now, wanted));
  if (spoofchk !== null && spoofchk !== now.spoofchk) commands.push(['spoofchk', onOff(spoofchk)]);
  if (trust !== null && trust !== now.trust) commands.push(['trust', onOff(trust)]);
  if (linkState !== null && linkState !== now.linkState) commands.push(['state', linkState]);
  return [...commands, ...rateCommands(now, wanted)];
}

function vlanCommand(now: VfSettings, wanted: VfValues): string[][] {
  const vlan = wanted.vlan ?? now.vlan;
  const qos = vlan === 0 ? 0 : (wanted.qos ?? now.qos);
  // Without a VLAN there is no protocol to speak of.
  const protocol = vlan === 0 ? '802.1Q' : (wanted.vlanProtocol ?? now.vlanProtocol);
  if (vlan === now.vlan && qos === now.qos && protocol === now.vlanProtocol) return [];
  const words = ['vlan', String(vlan), 'qos', String(qos)];
  return [protocol === '802.1ad' ? [...words, 'proto', protocol] : words];
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}

/** The kernel wants minimum <= maximum at every moment, so a falling maximum comes last. */
function rateCommands(now: VfSettings, { minTxRate, maxTxRate }: VfValues): string[][] {
  const min = minTxRate ?? now.minTxRate;
  const max = maxTxRate ?? now.maxTxRate;
  const setMin = min === now.minTxRate ? [] : [['min_tx_rate', String(min)]];
  const setMax = max === now.maxTxRate ? [] : [['max_tx_rate', String(max)]];
  const rises = max === 0 || (now.maxTxRate !== 0 && max > now.maxTxRate);
  return rises ? [...setMax, ...setMin] : [...setMin, ...setMax];
}

async function readVf(
  doors: ReadDoors,
  { pf, index }: { readonly pf: Bdf; readonly index: number },
  signal: AbortSignal,
): Promise<VfSettings | undefined> {
  const name = await netdevName(doors, pf);
  const netdevs = name === undefined ? [] : await readNetdevs(doors, signal);
  return netdevs.find((n) => n.name === name)?.vfs.find((vf) => vf.index === index);
}

export async function observeVf(
  doors: ReadDoors,
  step: Vf,
  signal: AbortSignal,
): Promise<Observed> {
  const now = await readVf(doors, step, signal);
  if (now === undefined) return { holds: false, found: 'no such VF' };
  const differing = vfCommands(now, step.values);
  const found = differing.length === 0 ? 'as wanted' : `not ${differing.flat().join(' ')}`;
  return { holds: differing.length === 0, found };
}

/** @throws NfvError KERNEL_REFUSED with the property, NOT_APPEARED, READBACK_MISMATCH, NOT_PRIVILEGED */
export async function makeVf(doors: HostDoors, step: Vf, signal: AbortSignal): Promise<void> {
  const name = await awaitNetdev(doors, step.pf, signal);
  const driver = await doors.files.link(`${functionPath(step.pf)}/driver`);
  const now = await poll(doors.timers, signal, READ_BACK, () => readVf(doors, step, signal));
  if (now === undefined) {
    throw new NfvError('NOT_APPEARED', `${name} tells nothing of its VF ${step.index}`);
  }
  const target = ['link', 'set', 'dev', name, 'vf', String(step.index)];
  for (const words of vfCommands(now, step.values)) {
    await withRetries(doors.timers, signal, 'vf', driver, RETRIES, () =>
      tellIp(doors, [...target, ...words], signal),
    );
  }
  let found = '';
  const held = await poll(doors.timers, signal, READ_BACK, async () => {
    const observed = await observeVf(doors, step, signal);
    found = observed.found;
    return observed.holds ? true : undefined;
  });
  if (held !== undefined) return;
  throw new NfvError('READBACK_MISMATCH', `VF ${step.index} of ${name}: ${found}`, {
    remedy: `the driver ${driver ?? ''} took it and did not keep it; leave it out of the profile`,
  });
}
