/** Puts a PCI function on a driver by its `driver_override`, and waits until it is there. */
import { chown } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import {
  QUERY_MS,
  WRITE_MS,
  type HostDoors,
  type Observed,
  type ReadDoors,
} from '../host/doors.js';
import { describeHolder, findHolders } from '../host/holders.js';
import { meaningOfError, type Operation } from '../host/kernel-answers.js';
import { poll } from '../host/poll.js';
import { withRetries } from '../host/retry.js';
import type { Bdf } from '../model/host/inventory.js';
import type { StepOf } from '../model/host/steps.js';
import { deviceNodes } from './device-holders.js';
import { isUserDriver, isVfioDriver, NO_IOMMU_PATH } from './iommu.js';
import { functionPath, resolveFunction } from './pci.js';

type Bind = StepOf<'bind'>;

/** The driver and the device node come at once, or some drivers take a while. */
const APPEAR = { everyMs: 50, limitMs: 15_000 };
const RETRIES = { attempts: 10, everyMs: 500 };

interface Binding {
  readonly driver: string | undefined;
  readonly override: string | undefined;
}

async function readBinding({ files }: ReadDoors, bdf: Bdf, signal: AbortSignal): Promise<Binding> {
  const path = `${functionPath(bdf)}/driver_override`;
  const { texts, hung } = await files.lockedTexts([path], { deadlineMs: QUERY_MS, signal });
  if (hung.length > 0) {
    throw new NfvError('WRITE_HUNG', `${bdf} does not answer: another change of it is stuck`);
  }
  const override = texts.get(path);
  return {
    driver: await files.link(`${functionPath(bdf)}/driver`),
    override: override === '(null)' ? undefined : override,
  };
}

function isWanted(driver: string | undefined, wanted: string | null): boolean {
  if (wanted === null) return driver === undefined;
  if (wanted === '*') return driver !== undefined && !isUserDriver(driver);
  return driver === wanted;
}

export async function observeBind(
  doors: ReadDoors,
  step: Bind,
  signal: AbortSignal,
): Promise<Observed> {
  const bdf = await resolveFunction(doors.files, step.function);
  // A VF that is not there has no driver.
  if (bdf === undefined) return { holds: step.driver === null, found: 'no such VF' };
  const { driver, override } = await readBinding(doors, bdf, signal);
  const found = `${driver ?? 'no driver'}${override === undefined ? '' : `, override ${override}`}`;
  const holds = isWanted(driver, step.driver) && (override ?? null) === step.override;
  return { holds, found };
}

/**
 * @throws NfvError NIC_IN_USE when somebody holds it through VFIO; IOMMU_MISSING, FIRMWARE_LIMIT,
 *   NOT_APPEARED, WRITE_HUNG, KERNEL_REFUSED, NOT_PRIVILEGED
 */
export async function makeBind(doors: HostDoors, step: Bind, signal: AbortSignal): Promise<void> {
  const bdf = await resolveFunction(doors.files, step.function);
  if (bdf === undefined) throw new NfvError('NOT_APPEARED', `${step.function} is not there`);
  const change = new BindChange(doors, bdf, signal);
  const now = await readBinding(doors, bdf, signal);
  if (step.driver === 'vfio-pci') await change.checkIommu();
  const moves = !isWanted(now.driver, step.driver);
  const passing = moves ? await change.passingOverride(step) : step.override;
  if ((now.override ?? null) !== passing) await change.setOverride(passing);
  if (moves) {
    if (now.driver !== undefined) await change.unbind(now.driver);
    if (step.driver !== null) await change.probe(step.driver);
  }
  if (passing !== step.override) await change.setOverride(step.override);
  if (step.driver === 'vfio-pci') await change.claimNode(step.owner);
}

class BindChange {
  constructor(
    private readonly doors: HostDoors,
    private readonly bdf: Bdf,
    private readonly signal: AbortSignal,
  ) {}

  /** The bind succeeds without; the failure would show when VPP opens the group. */
  async checkIommu(): Promise<void> {
    const { files } = this.doors;
    if ((await files.link(`${functionPath(this.bdf)}/iommu_group`)) !== undefined) return;
    if ((await files.text(NO_IOMMU_PATH)) === 'Y') return;
    throw new NfvError('IOMMU_MISSING', `${this.bdf} has no IOMMU group`);
  }

  /**
   * The override while the driver is probed. A VF whose PF has autoprobe off takes a driver only
   * by its override (drivers/pci/pci-driver.c, pci_device_can_probe).
   */
  async passingOverride({ driver, override }: Bind): Promise<string | null> {
    if (driver === null || driver === '*' || override !== null) return override;
    const { files } = this.doors;
    const folder = functionPath(this.bdf);
    const isVf = (await files.link(`${folder}/physfn`)) !== undefined;
    const off = (await files.text(`${folder}/physfn/sriov_drivers_autoprobe`)) === '0';
    return isVf && off ? driver : override;
  }

  /** A zero-length write would not reach the kernel: a newline clears it. */
  async setOverride(override: string | null): Promise<void> {
    const value = override ?? '\n';
    await this.#write('override', `${functionPath(this.bdf)}/driver_override`, value);
    const { override: now } = await readBinding(this.doors, this.bdf, this.signal);
    if ((now ?? null) === override) return;
    throw new NfvError(
      'READBACK_MISMATCH',
      `${this.bdf}: driver_override is ${now ?? 'empty'}, not ${override ?? 'empty'}`,
    );
  }

  /** Off VFIO the kernel waits until the last file descriptor is closed, and cannot be stopped. */
  async unbind(driver: string): Promise<void> {
    const { files, timers } = this.doors;
    const nodes = await this.#nodes();
    if (isVfioDriver(driver)) {
      const holders = await findHolders(files, new Set(nodes));
      if (holders.length > 0) throw heldBy(this.bdf, holders.map(describeHolder));
    }
    const folder = functionPath(this.bdf);
    await this.#write('unbind', `${folder}/driver/unbind`, this.bdf, nodes);
    const gone = await poll(timers, this.signal, APPEAR, async () =>
      (await files.link(`${folder}/driver`)) === undefined ? true : undefined,
    );
    if (gone === undefined) throw new NfvError('NOT_APPEARED', `${this.bdf} stays on ${driver}`);
  }

  async probe(driver: string): Promise<void> {
    const { files, timers } = this.doors;
    await this.#write('probe', 'sys/bus/pci/drivers_probe', this.bdf);
    let last: string | undefined;
    const there = await poll(timers, this.signal, APPEAR, async () => {
      last = await files.link(`${functionPath(this.bdf)}/driver`);
      return isWanted(last, driver) ? true : undefined;
    });
    if (there !== undefined) return;
    const wanted = driver === '*' ? 'a driver of the kernel' : driver;
    throw new NfvError(
      'NOT_APPEARED',
      `${this.bdf}: ${wanted} did not take it; it has ${last ?? 'no driver'}`,
      { remedy: 'see why: dmesg' },
    );
  }

  /** Waits for the device node of the group, and gives it its owner. */
  async claimNode(owner: Bind['owner']): Promise<void> {
    const { files, timers } = this.doors;
    const nodes = await this.#nodes();
    const node = await poll(timers, this.signal, APPEAR, async () => {
      for (const path of nodes) if (await files.exists(path.slice(1))) return path;
      return undefined;
    });
    if (node === undefined) {
      const wanted = nodes.join(' or ');
      throw new NfvError('NOT_APPEARED', `${this.bdf} is on vfio-pci, but ${wanted} is not there`);
    }
    if (owner !== null) await chown(files.path(node.slice(1)), owner.uid, owner.gid);
  }

  async #nodes(): Promise<string[]> {
    const { files } = this.doors;
    const group = await files.link(`${functionPath(this.bdf)}/iommu_group`);
    const iommuGroup = group === undefined ? undefined : Number(group);
    return deviceNodes(files, { bdf: this.bdf, iommuGroup });
  }

  async #write(
    operation: Operation,
    path: string,
    value: string,
    suspects: readonly string[] = [],
  ): Promise<void> {
    const { writer, timers } = this.doors;
    const options = { deadlineMs: WRITE_MS, signal: this.signal, suspects };
    await withRetries(timers, this.signal, operation, undefined, RETRIES, async () => {
      try {
        await writer.write(path, value, options);
      } catch (error) {
        if (meaningOfError(operation, error, undefined)?.verdict !== 'ignore') throw error;
      }
    });
  }
}

export function heldBy(subject: string, holders: readonly string[]): NfvError {
  return new NfvError('NIC_IN_USE', `${subject} is in use: ${holders.join(', ')}`, {
    remedy: 'stop that process, then try again',
  });
}
