/** A function's netdev: up or down, in NetworkManager's hands or not, set up as it was. */
import { NfvError } from '../errors.js';
import { QUERY_MS, type HostDoors, type Observed, type ReadDoors } from '../host/doors.js';
import { poll } from '../host/poll.js';
import type { FunctionRef } from '../model/host/bdf.js';
import type { Netdev } from '../model/host/inventory.js';
import type { StepOf } from '../model/host/steps.js';
import { readNetdevs, readRoutes, tellIp } from './netdevs.js';
import { restoreCommands } from './netdev-values.js';
import { netdevsOf, resolveFunction } from './pci.js';

const APPEAR = { everyMs: 50, limitMs: 15_000 };

/** The name of the function's first netdev; undefined: it has none here. */
export async function netdevName(
  { files }: ReadDoors,
  ref: FunctionRef,
): Promise<string | undefined> {
  const bdf = await resolveFunction(files, ref);
  return bdf === undefined ? undefined : (await netdevsOf(files, bdf))[0];
}

/** As netdevName, but waits for it. @throws NfvError NOT_APPEARED */
export async function awaitNetdev(
  doors: HostDoors,
  ref: FunctionRef,
  signal: AbortSignal,
): Promise<string> {
  const name = await poll(doors.timers, signal, APPEAR, () => netdevName(doors, ref));
  if (name !== undefined) return name;
  throw new NfvError('NOT_APPEARED', `${ref} has no network device`);
}

async function findNetdev(
  doors: ReadDoors,
  ref: FunctionRef,
  signal: AbortSignal,
): Promise<Netdev | undefined> {
  const name = await netdevName(doors, ref);
  if (name === undefined) return undefined;
  return (await readNetdevs(doors, signal)).find((netdev) => netdev.name === name);
}

export async function observeLink(
  doors: ReadDoors,
  step: StepOf<'link'>,
  signal: AbortSignal,
): Promise<Observed> {
  const netdev = await findNetdev(doors, step.function, signal);
  if (netdev === undefined) return { holds: false, found: 'no network device' };
  return { holds: netdev.up === step.up, found: netdev.up ? 'up' : 'down' };
}

export async function makeLink(
  doors: HostDoors,
  step: StepOf<'link'>,
  signal: AbortSignal,
): Promise<void> {
  const name = await awaitNetdev(doors, step.function, signal);
  await tellIp(doors, ['link', 'set', 'dev', name, step.up ? 'up' : 'down'], signal);
}

/** Netdevs that NetworkManager manages, sorted; none when it does not run. */
export async function readManaged(doors: ReadDoors, signal: AbortSignal): Promise<string[]> {
  if (!(await doors.files.exists('run/NetworkManager/NetworkManager.pid'))) return [];
  const args = ['-t', '-f', 'DEVICE,STATE', 'device'];
  const ran = await doors.programs.run('nmcli', args, { deadlineMs: QUERY_MS, signal });
  const rows = ran.stdout.split('\n').map((line) => line.split(':'));
  return rows
    .flatMap(([name = '', state]) => (state === undefined || state === 'unmanaged' ? [] : [name]))
    .sort();
}

/** A function without a netdev has nothing that NetworkManager could manage. */
export async function observeManaged(
  doors: ReadDoors,
  step: StepOf<'managed'>,
  signal: AbortSignal,
): Promise<Observed> {
  const name = await netdevName(doors, step.function);
  if (name === undefined) return { holds: !step.managed, found: 'no network device' };
  const managed = (await readManaged(doors, signal)).includes(name);
  return { holds: managed === step.managed, found: managed ? 'managed' : 'unmanaged' };
}

export async function makeManaged(
  doors: HostDoors,
  step: StepOf<'managed'>,
  signal: AbortSignal,
): Promise<void> {
  const name = await awaitNetdev(doors, step.function, signal);
  const args = ['device', 'set', name, 'managed', step.managed ? 'yes' : 'no'];
  const ran = await doors.programs.run('nmcli', args, { deadlineMs: QUERY_MS, signal });
  if (ran.code === 0) return;
  throw new NfvError('KERNEL_REFUSED', `nmcli ${args.join(' ')}: ${ran.stderr.trim()}`);
}

export async function observeNetdev(
  doors: ReadDoors,
  step: StepOf<'netdev'>,
  signal: AbortSignal,
): Promise<Observed> {
  const netdev = await findNetdev(doors, step.function, signal);
  if (netdev === undefined) return { holds: false, found: 'no network device' };
  const routes = await readRoutes(doors, signal);
  const missing = restoreCommands(netdev, routes, step.values);
  const found = missing.length === 0 ? netdev.name : `${netdev.name}, not as it was`;
  return { holds: missing.length === 0, found };
}

/** @throws NfvError NOT_APPEARED, KERNEL_REFUSED, NOT_PRIVILEGED, READBACK_MISMATCH */
export async function makeNetdev(
  doors: HostDoors,
  step: StepOf<'netdev'>,
  signal: AbortSignal,
): Promise<void> {
  await awaitNetdev(doors, step.function, signal);
  const netdev = await findNetdev(doors, step.function, signal);
  if (netdev === undefined) throw new NfvError('NOT_APPEARED', `${step.function} is gone again`);
  const routes = await readRoutes(doors, signal);
  for (const words of restoreCommands(netdev, routes, step.values)) {
    await tellIp(doors, words, signal);
  }
  // What the kernel made by itself meanwhile, IPv6's own address among it, may come a little late.
  const pace = { everyMs: 100, limitMs: 5000 };
  const held = await poll(doors.timers, signal, pace, async () =>
    (await observeNetdev(doors, step, signal)).holds ? true : undefined,
  );
  if (held !== undefined) return;
  throw new NfvError('READBACK_MISMATCH', `${step.function}: its netdev is not as it was`);
}
