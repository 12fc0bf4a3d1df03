import type { EndpointStatus } from '../model/endpoint.js';
import { isOver } from '../model/migration-phase.js';

/** `ASSOCIATING → host-b`; empty: none goes on. */
export function migrationText({ migration }: EndpointStatus): string {
  if (migration === undefined || isOver(migration.phase)) return '';
  return `${migration.phase} → ${migration.target}`;
}
