import type { Hello } from '../model/southbound.js';
import type { Lab } from './lab.js';

/** One demand of docs/nve-protocol.md. */
export interface Case {
  /** Unique: `order/gap`. */
  readonly id: string;
  /** What the NVE has to do. */
  readonly about: string;
  /** Why an NVE need not do it; undefined: it has to. Absent: every NVE has to. */
  readonly exempt?: (hello: Hello) => string | undefined;
  /** @throws NfvError NVE_NOT_CONFORMING: it does not */
  readonly run: (lab: Lab) => Promise<void>;
}
