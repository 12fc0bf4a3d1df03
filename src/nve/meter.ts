/** What an agent tells whoever keeps its figures. */
import type { DataplaneSession } from '../model/dataplane-status.js';
import type { Drift, ItemCounts } from '../model/nve.js';

/** Is told of what only a counter or histogram can keep. */
export interface NveMeter {
  passed(pass: {
    readonly isFull: boolean;
    readonly steps: number;
    readonly durationMs: number;
  }): void;
  /** Nothing was done, or what was done could not be read back. */
  passFailed(): void;
  drifted(drifts: readonly Drift[]): void;
}

/** What can be read off an agent at a moment. */
export interface NveReading {
  readonly items: ItemCounts;
  /** That are not as wanted, and are left alone. */
  readonly driftedItems: number;
  /** Of what is wanted; and up to which all has been tried. */
  readonly revision: number;
  readonly settledRevision: number;
  /** The session machine's state: docs/statemachines.md. */
  readonly session: string;
  /** Reports of items that wait to be sent to the NVA. */
  readonly reportsWaiting: number;
  /** Undefined: it has not said yet. */
  readonly dataplane: { readonly session: DataplaneSession; readonly restarts: number } | undefined;
}
