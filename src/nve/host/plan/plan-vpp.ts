/** VPP's startup.conf, and whether VPP has to be started again. */
import { NfvError } from '../../../errors.js';
import { makeStartupConf, neededPlugins, type VppPort } from '../../../dpdk/startup-conf.js';
import { isVfioDriver } from '../../../dpdk/iommu.js';
import type { Bdf } from '../../../model/host/inventory.js';
import type { PlannedStep } from '../../../model/host/plan.js';
import type { Step } from '../../../model/host/steps.js';
import { vfAddress } from '../../../sriov/vf-address.js';
import type { Chosen } from './choose.js';
import { guardTaps } from './guard.js';
import { planned, type Planning } from './planning.js';

/** The ports that VPP gets, in the profile's order. */
export function vppPorts(chosen: readonly Chosen[]): VppPort[] {
  return chosen.flatMap(({ nic, name, ref, fn, vf }) => {
    if (nic.role !== 'dpdk' && nic.role !== 'native') return [];
    const { rxQueues, txQueues, rxDescriptors, txDescriptors } = nic;
    const options = {
      ...(rxQueues === undefined ? {} : { rxQueues }),
      ...(txQueues === undefined ? {} : { txQueues }),
      ...(rxDescriptors === undefined ? {} : { rxDescriptors }),
      ...(txDescriptors === undefined ? {} : { txDescriptors }),
    };
    const { sriov } = vf?.pf ?? {};
    const bdf =
      vf === undefined || sriov === undefined ? ref : vfAddress(vf.pf.bdf, sriov, vf.index);
    const id = fn === undefined ? '' : `${fn.vendor}:${fn.device}`;
    return [{ bdf, name, driver: nic.role, id, options }];
  });
}

/** The file's new text, if it is to change; undefined: it is as it should be. */
export function planStartupConf(
  planning: Planning,
  ports: readonly VppPort[],
): PlannedStep | undefined {
  const { vpp: profile, cpu } = planning.profile;
  const { vpp } = planning.inventory;
  if (profile === undefined) return undefined;
  if (vpp === undefined) {
    const reason = `there is no VPP below ${profile.prefix}`;
    const remedy = 'install the packages vpp and vpp-plugin-core, or correct vpp.prefix';
    planning.find('blocks', 'vpp-missing', 'VPP', reason, remedy, ['vpp']);
    return undefined;
  }
  for (const name of neededPlugins(ports, profile, vpp)) checkPlugin(planning, name);
  if (ports.some(({ driver }) => driver === 'dpdk')) checkPlugin(planning, 'dpdk_plugin.so');
  const text = planning.input.startupConf;
  let wanted: string;
  try {
    wanted = makeStartupConf(text ?? '', { profile, cpu, ports, vpp });
  } catch (error) {
    if (!(error instanceof NfvError)) throw error;
    const { message, remedy } = error;
    planning.find('blocks', 'startup-conf', profile.startupConf, message, remedy, ['vpp']);
    return undefined;
  }
  if (wanted === text) return undefined;
  const before: Step = { kind: 'file', path: profile.startupConf, content: text ?? null };
  return planned({ ...before, content: wanted }, before);
}

function checkPlugin(planning: Planning, name: string): void {
  const { vpp } = planning.inventory;
  if (vpp === undefined || vpp.plugins.includes(name)) return;
  const reason = `VPP ${vpp.version ?? ''} below ${vpp.prefix} has no ${name}`;
  const dpdk = name === 'dpdk_plugin.so';
  const remedy = dpdk ? 'install the package vpp-plugin-dpdk' : 'correct vpp.plugins';
  planning.find('blocks', 'vpp-plugin', name, reason.replace('  ', ' '), remedy, ['vpp']);
}

export interface Restart {
  /** Before anything is touched. */
  readonly stop: readonly PlannedStep[];
  /** When all is there. */
  readonly start: readonly PlannedStep[];
}

/**
 * VPP reads its file once, and holds its functions while it runs.
 * @param touched functions that change, or lose their VFs
 * @param ports that it is to have then; those of its own drivers are attached later
 */
export function planRestart(
  planning: Planning,
  confChanges: boolean,
  touched: ReadonlySet<Bdf>,
  ports: readonly VppPort[],
): Restart {
  const { vpp: profile } = planning.profile;
  const { activeServices, queuedServices, holders, vpp } = planning.inventory;
  const none = { stop: [], start: [] };
  if (profile === undefined || vpp === undefined) return none;
  const needed = confChanges || touched.size > 0;
  const holds = holders.filter(({ command }) => command === 'vpp_main').map(({ bdf }) => bdf);
  const consumers = ['VPP, and all that goes through it'];
  if (profile.service === '') {
    if (!needed || vpp.pid === undefined) return none;
    const held = holds.filter((bdf) => touched.has(bdf));
    const reason =
      held.length > 0 ? `it holds ${held.join(', ')}` : 'it reads its new file only when it starts';
    const remedy = held.length > 0 ? 'stop it first' : 'start it again afterwards';
    const effect = held.length > 0 ? 'blocks' : 'warns';
    planning.find(effect, 'vpp-runs', `VPP (pid ${vpp.pid})`, reason, remedy, ['vpp']);
    return none;
  }
  const active = activeServices.includes(profile.service);
  const stop: Step = { kind: 'service', unit: profile.service, active: false };
  // Undone, it has its former file, which may name another socket.
  const resume: Step = { ...stop, active: true };
  const program = `${profile.prefix.replace(/\/$/, '')}/bin/vppctl`;
  const names = ports.flatMap(({ name, driver }) => (driver === 'dpdk' ? [name] : []));
  const start: Step = {
    ...resume,
    answersTo: { program, socket: profile.cliSocket, ports: names },
  };
  // At a boot: systemd starts it when the host is prepared.
  if (queuedServices.includes(profile.service)) return none;
  if (!active) return { stop: [], start: [planned(start, stop)] };
  if (!needed) return none;
  const { vppTaps } = planning.inventory;
  guardTaps(planning, vppTaps, ['vpp']);
  return {
    stop: [planned(stop, resume, { blast: { consumers, netdevs: [...vppTaps] } })],
    start: [planned(start, stop)],
  };
}

/** VPP is one of those that hold this function, so it has to be stopped for it. */
export function isHeldByVpp(planning: Planning, bdf: Bdf): boolean {
  const { holders } = planning.inventory;
  return holders.some((h) => h.bdf === bdf && h.command === 'vpp_main');
}

export function needsVfio(steps: readonly PlannedStep[]): boolean {
  return steps.some(({ step }) => step.kind === 'bind' && isVfioDriver(step.driver ?? undefined));
}
