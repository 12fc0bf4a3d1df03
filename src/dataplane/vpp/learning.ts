/** Where what learns must be looked after (learners.ts). */
export interface Learning {
  /** VNIs of the networks that learn and are not physical ones, whose MACs nobody enters. */
  readonly networks: ReadonlySet<number>;
  /** Tags of the ports that may come to have a MAC of another. */
  readonly takers: ReadonlySet<string>;
}
