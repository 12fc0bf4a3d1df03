/** How much work was done, for tests and metrics. */
export interface CompileCounters {
  /** All items of one NVE, at the start of a session of one that lacks some. */
  full: number;
  /** What they come to, without a list of them, at the start of each session. */
  sum: number;
  /** All items of one network or router for an NVE that entered or left it. */
  member: number;
  /** Items of one endpoint for one NVE. */
  endpoint: number;
}
