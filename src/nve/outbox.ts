/** What is to be told to the NVA: gathered by key while it is slow, so that it never grows. */
import { clip } from '../errors.js';
import type { AddressSighting } from '../model/allowed-address.js';
import type { HostStatus } from '../model/host/offer.js';
import type { Drift, Underlay } from '../model/nve.js';
import {
  MAX_DRIFTS,
  MAX_ENTRIES,
  type DataplaneReport,
  type FromNve,
  type ItemReport,
} from '../model/southbound.js';

/** Older sightings are told as so old: it has 32 bits. */
const MAX_AGE_MS = 0xffff_ffff;
/** Characters of a text for people, so that a full message stays far below 4 MiB. */
const MAX_TEXT = 500;

export class Outbox {
  readonly #reports = new Map<string, ItemReport>();
  #settledRevision = 0;
  #toldRevision = 0;
  #drifts: readonly Drift[] = [];
  #driftTotal = 0;
  #leftAlone = 0;
  #toldLeftAlone = 0;
  /** By port and address. */
  readonly #sightings = new Map<string, { readonly seen: AddressSighting; readonly at: number }>();
  #underlays: readonly Underlay[] | undefined;
  #dataplane: DataplaneReport | undefined;
  #isDataplaneTold = true;
  #host: HostStatus | undefined;
  #isHostTold = true;
  /** The NVA of this session wants to hear of the host. */
  #isHostAsked = false;

  /** @param now milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Reports of items that wait. */
  get reports(): number {
    return this.#reports.size;
  }

  /** Starts over, with what has failed so far. */
  reset(failures: readonly ItemReport[], settledRevision: number): void {
    this.#reports.clear();
    // Whoever has an address now is asked: what waited may be of somebody who has given it away.
    this.#sightings.clear();
    this.#toldRevision = -1;
    // Another session knows nothing of these.
    this.#toldLeftAlone = 0;
    this.#isDataplaneTold = this.#dataplane === undefined;
    this.report(failures, settledRevision);
  }

  report(entries: readonly ItemReport[], settledRevision: number): void {
    for (const entry of entries) this.#reports.set(entry.key, shortened(entry));
    this.#settledRevision = settledRevision;
  }

  /** @param leftAlone items that are not as wanted now, and stay so */
  drift(drifts: readonly Drift[], total: number, leftAlone: number): void {
    this.#leftAlone = leftAlone;
    const room = MAX_DRIFTS - drifts.length;
    const older = room > 0 ? this.#drifts.slice(0, room) : [];
    const newer = drifts.slice(0, MAX_DRIFTS);
    this.#drifts = [
      ...newer.map((d) => ({ ...d, difference: clip(d.difference, MAX_TEXT) })),
      ...older,
    ];
    this.#driftTotal = total;
  }

  /** There are no more of them than ports have allowed addresses. */
  sighted(sighting: AddressSighting): void {
    const key = `${sighting.endpoint} ${sighting.ip}`;
    this.#sightings.set(key, { seen: sighting, at: this.now() });
  }

  underlays(underlays: readonly Underlay[]): void {
    this.#underlays = underlays;
  }

  dataplane(report: DataplaneReport): void {
    this.#dataplane = report;
    this.#isDataplaneTold = false;
  }

  host(status: HostStatus): void {
    this.#host = status;
    this.#isHostTold = false;
  }

  /** The NVA offers host profiles: one that does not may be too old to be told of them. */
  askForHost(): void {
    this.#isHostAsked = true;
    this.#isHostTold = this.#host === undefined;
  }

  /** Another session: underlays are told by its hello, and of the host it has not asked yet. */
  beginSession(): void {
    this.#underlays = undefined;
    this.#isHostAsked = false;
  }

  /** The next message, taken out; undefined: there is nothing to tell. */
  next(epoch: number): FromNve | undefined {
    if (this.#underlays !== undefined) {
      const underlays = this.#underlays;
      this.#underlays = undefined;
      return { kind: 'underlay_report', underlays };
    }
    if (this.#sightings.size > 0) return this.#nextSightings();
    if (this.#reports.size > 0 || this.#settledRevision !== this.#toldRevision) {
      return this.#nextReports(epoch);
    }
    if (!this.#isDataplaneTold) {
      this.#isDataplaneTold = true;
      return this.#dataplane;
    }
    if (this.#isHostAsked && !this.#isHostTold && this.#host !== undefined) {
      this.#isHostTold = true;
      const reason = clip(this.#host.reason, MAX_TEXT);
      return { kind: 'host_report', status: { ...this.#host, reason } };
    }
    const leftAlone = this.#leftAlone;
    if (this.#drifts.length === 0 && leftAlone === this.#toldLeftAlone) return undefined;
    const drifts = this.#drifts;
    this.#drifts = [];
    this.#toldLeftAlone = leftAlone;
    return { kind: 'drift_reports', drifts, total: this.#driftTotal, leftAlone };
  }

  #nextSightings(): FromNve {
    const first = [...this.#sightings].slice(0, MAX_ENTRIES);
    for (const [key] of first) this.#sightings.delete(key);
    const now = this.now();
    const sightings = first.map(([, { seen, at }]) => {
      return { ...seen, ageMs: Math.min(MAX_AGE_MS, Math.max(0, Math.round(now - at))) };
    });
    return { kind: 'address_sightings', sightings };
  }

  #nextReports(epoch: number): FromNve {
    const entries = [...this.#reports.values()].slice(0, MAX_ENTRIES);
    for (const { key } of entries) this.#reports.delete(key);
    // "Everything not reported failed is applied" only holds once all failures were told.
    const all = this.#reports.size === 0;
    if (all) this.#toldRevision = this.#settledRevision;
    return {
      kind: 'item_reports',
      epoch,
      entries,
      settledRevision: all ? this.#settledRevision : 0,
    };
  }
}

function shortened(entry: ItemReport): ItemReport {
  const { failure } = entry;
  if (failure === undefined) return entry;
  return { ...entry, failure: { ...failure, message: clip(failure.message, MAX_TEXT) } };
}
