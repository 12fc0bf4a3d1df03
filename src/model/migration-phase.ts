/** As statemachine/migration has them, in the order of their course. */
export const MIGRATION_PHASES = [
  'ASSOCIATING',
  'ASSOCIATED',
  'ACTIVATING',
  'SWITCHING',
  'RETURNING',
  'FINISHED',
  'CANCELLED',
  'FAILED',
] as const;
export type MigrationPhase = (typeof MIGRATION_PHASES)[number];

const OVER: ReadonlySet<MigrationPhase> = new Set(['FINISHED', 'CANCELLED', 'FAILED']);

/** Nothing comes after it. */
export function isOver(phase: MigrationPhase): boolean {
  return OVER.has(phase);
}
