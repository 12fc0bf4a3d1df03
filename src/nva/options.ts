/** What an NVA is made of. */
import type { AccessPolicy } from '../model/access-policy.js';
import type { Clock } from '../model/clock.js';
import type { DuplicateLimits } from '../model/duplicates.js';
import type { Log } from '../model/log.js';
import type { ReplicaAccess } from '../model/replica.js';
import type { Tracer } from '../model/tracing.js';
import type { Store } from '../store/store.js';
import type { HistoryLimits } from './changes/forget.js';
import type { LivenessTuning } from './liveness/liveness.js';
import type { NvaMeter } from './observing/observer.js';

export interface NvaOptions {
  readonly store: Store;
  /** Resolves when what was read of the store counts; absent: at once. */
  readonly checked?: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** VNIs given to networks that ask for none, both ends included. */
  readonly vniRange: { readonly min: number; readonly max: number };
  /** Revisions of history that stay readable. */
  readonly keepRevisions: number;
  /** When an address moves too often; by default as the RFCs say. */
  readonly duplicates?: DuplicateLimits;
  /** Of the record of who changed what. */
  readonly history?: HistoryLimits;
  /** As it is now. Absent: every certificate of the CA is as good as another. */
  readonly policy?: () => AccessPolicy;
  /** When an NVE counts as dead; absent: never. */
  readonly liveness?: LivenessTuning;
  /** Is told of what happens. */
  readonly meter?: NvaMeter;
  readonly tracer?: Tracer;
  /** The way to the other replicas on the same store; absent: they are not asked. */
  readonly replicas?: ReplicaAccess;
}
