/** What the parts of the planner share. */
import type {
  Bdf,
  Inventory,
  Netdev,
  PciFunction,
  VfSettings,
} from '../../../model/host/inventory.js';
import type { HugepageShare } from '../../../model/host/ledger.js';
import { NO_BLAST, type Blast, type Finding, type PlannedStep } from '../../../model/host/plan.js';
import type { HostProfile } from '../../../model/host/profile.js';
import type { Step } from '../../../model/host/steps.js';
import type { Path } from '../../../model/yaml-source.js';

export interface PlanInput {
  readonly inventory: Inventory;
  readonly profile: HostProfile;
  /** The file at the profile's `vpp.startupConf`; undefined: none. */
  readonly startupConf: string | undefined;
  /** What we have added since the last boot. */
  readonly ledger: readonly HugepageShare[];
  /** MACs of functions that have no netdev to tell it, from the time when they had one. */
  readonly knownMacs: ReadonlyMap<Bdf, string>;
}

export class Planning {
  readonly #findings: Finding[] = [];
  readonly #functions: ReadonlyMap<Bdf, PciFunction>;
  readonly #netdevs: ReadonlyMap<string, Netdev>;

  constructor(readonly input: PlanInput) {
    const { functions, netdevs } = input.inventory;
    this.#functions = new Map(functions.map((fn) => [fn.bdf, fn]));
    this.#netdevs = new Map(netdevs.map((netdev) => [netdev.name, netdev]));
  }

  get inventory(): Inventory {
    return this.input.inventory;
  }

  get profile(): HostProfile {
    return this.input.profile;
  }

  /** Each once, the gravest first. */
  get findings(): Finding[] {
    const order = { blocks: 0, guarded: 1, warns: 2 };
    const unique = new Map(this.#findings.map((f) => [`${f.check} ${f.subject} ${f.reason}`, f]));
    return [...unique.values()].sort((a, b) => order[a.effect] - order[b.effect]);
  }

  find(
    effect: Finding['effect'],
    check: string,
    subject: string,
    reason: string,
    remedy: string,
    path: Path = [],
  ): void {
    this.#findings.push({ effect, check, subject, reason, remedy, path });
  }

  fn(bdf: Bdf): PciFunction | undefined {
    return this.#functions.get(bdf);
  }

  /** The netdevs of a function. */
  netdevsOf(fn: PciFunction): Netdev[] {
    return fn.netdevs.flatMap((name) => this.#netdevs.get(name) ?? []);
  }

  /** The VFs of a PF that are there. */
  vfsOf(pf: PciFunction): PciFunction[] {
    return (pf.sriov?.vfs ?? []).flatMap((bdf) => (bdf === undefined ? [] : (this.fn(bdf) ?? [])));
  }

  /** What a PF tells of one of its VFs. */
  vfSettings(pf: PciFunction, index: number): VfSettings | undefined {
    return this.netdevsOf(pf)[0]?.vfs.find((vf) => vf.index === index);
  }
}

/** A step of the plan; `undo` is `before` where nothing else is said. */
export function planned(
  step: Step,
  before: Step | null,
  more: { readonly undo?: readonly Step[]; readonly blast?: Partial<Blast> } = {},
): PlannedStep {
  const undo = more.undo ?? (before === null ? [] : [before]);
  return { step, before, undo: [...undo], blast: { ...NO_BLAST, ...more.blast } };
}
