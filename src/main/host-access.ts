/** This host for nfvctl and for `nfvd host`, through src/nve/host. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type {
  HostAccess,
  HostApply,
  HostOptions,
  OnProgress,
  ProfileText,
  ShownPlan,
} from '../cli/host-access.js';
import { NfvError } from '../errors.js';
import type { HostDoors } from '../host/doors.js';
import { QUERY_MS } from '../host/doors.js';
import { SystemPrograms } from '../host/program.js';
import { KernelFiles } from '../host/sysfs.js';
import { ProcessSysfsWriter } from '../host/sysfs-writer.js';
import { systemClock, type Clock } from '../model/clock.js';
import type { Inventory } from '../model/host/inventory.js';
import type { HostPlan } from '../model/host/plan.js';
import { parseHostProfile } from '../model/host/profile.js';
import type { DriftReport, HostState, PreflightCheck } from '../model/host/status.js';
import type { Log } from '../model/log.js';
import { readBootId } from '../dpdk/machine.js';
import { HostPlanner, type Planned } from '../nve/host/planner.js';
import { readOffer, sourceOf } from '../nve/host/offered.js';
import { preflight } from '../nve/host/preflight.js';
import { HostPreparation } from '../nve/host/preparation.js';
import { readHostState, readTransactions } from '../nve/host/read-state.js';
import type { HostReport } from '../nve/host/status.js';

const NFVD = fileURLToPath(new URL('nfvd.js', import.meta.url));
/** Where Debian and Ubuntu have what root runs. */
const SEARCH_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const QUIET: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function systemDoors(): HostDoors {
  const programs = new SystemPrograms(SEARCH_PATH, systemClock);
  const files = new KernelFiles('/', programs);
  return { files, programs, writer: new ProcessSysfsWriter(files, programs), timers: systemClock };
}

export interface PreparingHostOptions extends HostOptions {
  readonly doors: HostDoors;
  readonly clock: Clock;
  readonly log?: Log;
  /** Sees to it that what is not confirmed is undone, though this process ends. */
  readonly guard: (stateDir: string) => void;
}

export function openHost(options: HostOptions): Promise<HostAccess> {
  return Promise.resolve(
    new PreparingHost({ ...options, doors: systemDoors(), clock: systemClock, guard: startGuard }),
  );
}

/** For an agent, which asks for nothing that has to be confirmed. */
export function followedHost(options: HostOptions & { readonly log: Log }): PreparingHost {
  const guard = (): void => undefined;
  return new PreparingHost({ ...options, doors: systemDoors(), clock: systemClock, guard });
}

/** A process of its own, which outlives the terminal that the change may cut off. */
function startGuard(stateDir: string): void {
  const args = [NFVD, 'host', 'guard', '--state-dir', stateDir];
  spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref();
}

export class PreparingHost implements HostAccess {
  constructor(private readonly options: PreparingHostOptions) {}

  async inventory(signal: AbortSignal): Promise<Inventory> {
    return await (await this.#planner()).inventory(signal);
  }

  async offered(): Promise<ProfileText> {
    const source = sourceOf(await readOffer(this.options.stateDir));
    if (source !== undefined) return source;
    throw new NfvError('NOTHING_TO_DO', 'the NVA offers no profile for this host', {
      remedy: 'make one that selects this NVE ("nfvctl apply -f"), and see "nfvctl describe nve"',
    });
  }

  async preflight(
    profile: ProfileText | undefined,
    signal: AbortSignal,
  ): Promise<PreflightCheck[]> {
    const planned = profile === undefined ? undefined : await this.#plan(profile, signal);
    return preflight({
      inventory: planned?.inventory ?? (await this.inventory(signal)),
      profile: planned?.profile,
      findings: planned?.plan.findings ?? [],
      isRoot: process.getuid?.() === 0,
      hasVfioPci: await this.#hasModule('vfio-pci', signal),
    });
  }

  async plan(profile: ProfileText, signal: AbortSignal): Promise<ShownPlan> {
    return await this.#plan(profile, signal);
  }

  async apply(request: HostApply, onProgress: OnProgress, signal: AbortSignal): Promise<HostPlan> {
    // What is wrong with the profile is told before anything is recovered.
    parseHostProfile(request.profile.text, request.profile.name);
    let isGuarded = request.confirmMs === undefined;
    const guard = (report: HostReport): void => {
      if (isGuarded || report.kind !== 'step') return;
      isGuarded = true;
      this.options.guard(this.options.stateDir);
    };
    const change = await this.#changing(
      onProgress,
      signal,
      (preparation) => preparation.apply(request, signal),
      guard,
    );
    return change;
  }

  async confirm(onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    await this.#changing(onProgress, signal, (preparation) => preparation.confirm());
  }

  async undo(onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    // An undo that could not be finished was asked for once more: the change before it stays.
    await this.#changing(onProgress, signal, (preparation, tookBack) =>
      tookBack ? Promise.resolve() : preparation.undo(signal),
    );
  }

  async status(looks: boolean, signal: AbortSignal): Promise<HostState> {
    const { doors, stateDir, nva, clock } = this.options;
    return await readHostState({ doors, stateDir, nva, now: clock.now() }, looks, signal);
  }

  async drift(onProgress: OnProgress, signal: AbortSignal): Promise<DriftReport> {
    return await this.#changing(onProgress, signal, (preparation) => preparation.drift(signal));
  }

  /** Finishes or takes back what was cut off, and prepares the host again after a boot. */
  async recover(onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    await this.#changing(onProgress, signal, () => Promise.resolve());
  }

  async #hasModule(name: string, signal: AbortSignal): Promise<boolean> {
    const { programs } = this.options.doors;
    try {
      const ran = await programs.run('modinfo', ['-n', name], { deadlineMs: QUERY_MS, signal });
      return ran.code === 0;
    } catch (error) {
      // Without kmod no module is loaded either.
      if (error instanceof NfvError && error.code === 'COMMAND_MISSING') return false;
      throw error;
    }
  }

  async #planner(): Promise<HostPlanner> {
    const { doors, nva } = this.options;
    return new HostPlanner(doors, nva, await readBootId(doors.files));
  }

  async #plan(profile: ProfileText, signal: AbortSignal): Promise<Planned> {
    const planner = await this.#planner();
    return await planner.plan(profile, await readTransactions(this.options.stateDir), signal);
  }

  async #changing<T>(
    onProgress: OnProgress,
    signal: AbortSignal,
    work: (preparation: HostPreparation, tookBack: boolean) => Promise<T>,
    onReport: (report: HostReport) => void = () => undefined,
  ): Promise<T> {
    const { doors, stateDir, nva, clock, log = QUIET } = this.options;
    const preparation = await HostPreparation.open({
      doors,
      stateDir,
      nva,
      log,
      clock,
      makeId: randomUUID,
      onReport: (report) => {
        onReport(report);
        tell(report, onProgress);
      },
    });
    try {
      const tookBack = await preparation.recover(signal);
      return await work(preparation, tookBack);
    } finally {
      await preparation.close();
    }
  }
}

function tell(report: HostReport, onProgress: OnProgress): void {
  if (report.kind !== 'step') return;
  const { direction, what, step, of, error } = report.event;
  if (what !== 'begun' && what !== 'done' && what !== 'failed') return;
  const reason = error === undefined ? '' : NfvError.from(error).message;
  onProgress({ direction, what, step: step + 1, of, text: report.text, reason });
}
