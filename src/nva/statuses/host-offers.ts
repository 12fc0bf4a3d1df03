/** Which host profile each NVE is offered, and what became of it there. */
import { STATUS_RECORDS } from '../records.js';
import { StatusWriter, type StatusWriterDeps } from './status-writer.js';
import {
  MAX_TARGETS,
  selects,
  type HostProfileSpec,
  type HostProfileStatus,
  type HostProfileTarget,
} from '../../model/host-profile.js';
import {
  NO_OFFER,
  profileHash,
  type HostStatus,
  type OfferedProfile,
} from '../../model/host/offer.js';
import { formatName } from '../../model/names.js';
import type { NveSpec } from '../../model/nve.js';

export interface HostOffersDeps {
  nves(): Iterable<readonly [id: string, spec: NveSpec]>;
  nve(id: string): NveSpec | undefined;
  /** What its agent last said; undefined: nothing. */
  hostOf(nve: string): Promise<HostStatus | undefined>;
}

interface Profile {
  readonly spec: HostProfileSpec;
  readonly hash: string;
}

export class HostOffers {
  readonly #profiles = new Map<string, Profile>();

  constructor(private readonly deps: HostOffersDeps) {}

  ids(): IterableIterator<string> {
    return this.#profiles.keys();
  }

  /** `spec` undefined: it is no more. */
  set(id: string, spec: HostProfileSpec | undefined): void {
    if (spec === undefined) this.#profiles.delete(id);
    else this.#profiles.set(id, { spec, hash: profileHash(spec.profile) });
  }

  /** What the NVE is to be offered; undefined: it is not clear, and it keeps what it has. */
  offerOf(nve: string): OfferedProfile | undefined {
    const spec = this.deps.nve(nve);
    if (spec === undefined) return undefined;
    const [first, ...more] = this.#chosen(nve, spec);
    if (first === undefined) return NO_OFFER;
    if (more.length > 0) return undefined;
    return { profile: first, text: this.#profiles.get(first)?.spec.profile ?? '' };
  }

  /** Ids of the profiles for an NVE: those that name it, or else those that its labels select. */
  #chosen(nve: string, { labels }: NveSpec): string[] {
    const found = [...this.#profiles].map(
      ([id, { spec }]) => [id, selects(spec, nve, labels)] as const,
    );
    const named = found.filter(([, by]) => by === 'by-name');
    const chosen = named.length > 0 ? named : found.filter(([, by]) => by === 'by-labels');
    return chosen.map(([id]) => id).sort();
  }

  /** Undefined: there is no such profile. */
  async statusOf(id: string): Promise<HostProfileStatus | undefined> {
    const profile = this.#profiles.get(id);
    if (profile === undefined) return undefined;
    const targets: HostProfileTarget[] = [];
    for (const [nve, spec] of this.deps.nves()) {
      const chosen = this.#chosen(nve, spec);
      if (chosen.includes(id)) targets.push(await this.#target(nve, id, profile, chosen));
    }
    const isApplied = ({ phase }: HostProfileTarget): boolean => phase === 'APPLIED';
    const applied = targets.filter(isApplied);
    const open = targets.filter((target) => !isApplied(target));
    const shown = [...open.sort(byNve), ...applied.sort(byNve)].slice(0, MAX_TARGETS);
    return { selected: targets.length, applied: applied.length, targets: shown };
  }

  async #target(
    nve: string,
    id: string,
    { hash }: Profile,
    chosen: readonly string[],
  ): Promise<HostProfileTarget> {
    if (chosen.length > 1) {
      const names = chosen.map((one) => formatName('hostProfiles', one)).join(', ');
      const reason = `${names} select it; it is offered none of them`;
      return { nve, phase: 'AMBIGUOUS', reasonCode: 'INVALID_FIELD', reason };
    }
    const host = await this.deps.hostOf(nve);
    if (host?.profile !== id || host.wantedHash !== hash) {
      return {
        nve,
        phase: 'PENDING',
        reasonCode: '',
        reason: 'its agent has not said that it has it',
      };
    }
    const { phase, reasonCode, reason } = host;
    return { nve, phase, reasonCode, reason };
  }
}

function byNve(a: HostProfileTarget, b: HostProfileTarget): number {
  return a.nve < b.nve ? -1 : 1;
}

/** Writes what became of host profiles into the store. */
export function hostWriter(
  { store, clock, log }: Pick<StatusWriterDeps, 'store' | 'clock' | 'log'>,
  gatherMs: number,
  offers: HostOffers,
): StatusWriter {
  return new StatusWriter({
    ...{ store, clock, log, collection: 'hostProfiles', gatherMs },
    statusOf: async (id) => {
      const status = await offers.statusOf(id);
      return status && STATUS_RECORDS.hostProfiles.encode(status);
    },
  });
}
