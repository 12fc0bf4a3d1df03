/**
 * What an agent does about what was changed behind its back. REPAIR: puts it right and tells. REPORT:
 * tells, and leaves it alone. IGNORE: leaves it alone.
 */
export const DRIFT_POLICIES = ['REPAIR', 'REPORT', 'IGNORE'] as const;
export type DriftPolicy = (typeof DRIFT_POLICIES)[number];

/** DEFAULT: as the agent's own configuration has it. */
export const NETWORK_DRIFT_POLICIES = ['DEFAULT', ...DRIFT_POLICIES] as const;
export type NetworkDriftPolicy = (typeof NETWORK_DRIFT_POLICIES)[number];
