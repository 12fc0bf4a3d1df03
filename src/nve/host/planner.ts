/** Plans for the host as it is now. */
import type { ReadDoors } from '../../host/doors.js';
import { readText } from '../../host/durable-file.js';
import type { Inventory } from '../../model/host/inventory.js';
import type { Finding, HostPlan } from '../../model/host/plan.js';
import { EMPTY_PROFILE, parseHostProfile, type HostProfile } from '../../model/host/profile.js';
import type { KnownNic } from './nic-states.js';
import { chooseNics } from './plan/choose.js';
import { planHost } from './plan/make-plan.js';
import { Planning } from './plan/planning.js';
import { readInventory } from './read-inventory.js';
import { MAX_FILE } from './runners.js';
import { knownMacs, ledgerOf, type Transaction } from './transaction.js';

/** A profile as it was given. */
export interface ProfileSource {
  readonly text: string;
  /** A path, or "stdin". */
  readonly name: string;
}

export interface Planned {
  readonly plan: HostPlan;
  readonly inventory: Inventory;
  readonly profile: HostProfile;
  /** Which function each NIC of the profile is, as far as that is clear. */
  readonly nics: readonly KnownNic[];
  /** `FILE:LINE:COLUMN: PATH` of what a finding is about; its subject where that is no part. */
  readonly where: (finding: Finding) => string;
}

export class HostPlanner {
  /** @param nva IP addresses of the NVA's replicas: the way there is guarded */
  constructor(
    private readonly doors: ReadDoors,
    private readonly nva: readonly string[],
    private readonly bootId: string,
  ) {}

  inventory(signal: AbortSignal, profile: HostProfile = EMPTY_PROFILE): Promise<Inventory> {
    const { prefix = '/usr', service = '' } = profile.vpp ?? {};
    const services = service === '' ? [] : [service];
    const options = { nva: this.nva, vppPrefix: prefix, services };
    return readInventory(this.doors, options, signal);
  }

  /**
   * @param transactions what is known of former changes
   * @throws NfvError PROFILE_INVALID; those of the readers
   */
  async plan(
    source: ProfileSource,
    transactions: readonly Transaction[],
    signal: AbortSignal,
  ): Promise<Planned> {
    const document = parseHostProfile(source.text, source.name);
    const profile = document.value;
    const inventory = await this.inventory(signal, profile);
    const conf = profile.vpp?.startupConf;
    const startupConf =
      conf === undefined
        ? undefined
        : await readText(this.doors.files.path(conf.slice(1)), MAX_FILE);
    const input = {
      inventory,
      profile,
      startupConf,
      ledger: ledgerOf(transactions, this.bootId),
      knownMacs: knownMacs(transactions),
    };
    const plan = planHost(input);
    const nics = chooseNics(new Planning(input)).map(({ name, ref }) => ({ name, ref }));
    const where = ({ path, subject }: Finding): string =>
      path.length === 0 ? subject : document.where(path);
    return { plan, inventory, profile, nics, where };
  }
}
