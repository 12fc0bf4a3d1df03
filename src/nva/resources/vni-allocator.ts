import { NfvError } from '../../errors.js';

/** Hands out VNIs that nobody seems to use; the store has the last word. */
export class VniAllocator {
  #next: number;

  /**
   * `min` to `max`, both included; `used` is asked for each candidate. `first` is where it begins:
   * replicas that began at the same one would all want the same.
   */
  constructor(
    private readonly min: number,
    private readonly max: number,
    private readonly used: (vni: number) => boolean,
    first = min,
  ) {
    this.#next = first;
  }

  /** Ascending, then around: a VNI that was just freed is the last to be used again. */
  take(): number {
    const size = this.max - this.min + 1;
    for (let tried = 0; tried < size; tried++) {
      const vni = this.#next;
      this.#next = vni === this.max ? this.min : vni + 1;
      if (!this.used(vni)) return vni;
    }
    throw new NfvError('VNI_EXHAUSTED', `all VNIs from ${this.min} to ${this.max} are in use`);
  }
}
