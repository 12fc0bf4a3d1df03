/** How much work was done, for tests and metrics. */
export interface CompileCounters {
  /** All items of one NVE, or what they come to, at the start of a session. */
  full: number;
  /** All items of one network or router for an NVE that entered or left it. */
  member: number;
  /** Items of one endpoint for one NVE. */
  endpoint: number;
}
