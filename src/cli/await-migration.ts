/** `migrate … --wait`: until a migration is where it was to come, or over. */
import { NfvError } from '../errors.js';
import type { Endpoint, Migration, MigrationLaggard } from '../model/endpoint.js';
import { isOver, type MigrationPhase } from '../model/migration-phase.js';
import { formatDuration } from './duration.js';
import { errorText } from './error-text.js';
import { EXIT } from './exit-codes.js';
import type { Session } from './session.js';
import { tellLost } from './tell-lost.js';
import { watchChanges } from './watching.js';

/**
 * Says where it got, or why it did not; answers with the exit status.
 * @param from as the NVA answered
 * @param wanted the phases that are success
 */
export async function awaitMigration(
  session: Session,
  from: Endpoint,
  wanted: readonly MigrationPhase[],
  timeoutMs: number,
): Promise<number> {
  const started = session.clock.monotonic();
  const { last, isThere } = await follow(session, from, wanted, timeoutMs);
  session.signal.throwIfAborted();
  const took = formatDuration(session.clock.monotonic() - started);
  const { migration, laggards } = last.status;
  if (migration !== undefined && isThere) {
    const { phase, source, target } = migration;
    const way = `from ${source} to ${target}`;
    await session.out.write(`endpoints/${from.id} ${phase} ${way} after ${took}\n`);
    return EXIT.ok.code;
  }
  const error = failure(from.id, migration, laggards, took);
  await session.err.write(errorText(error, session.errPaint));
  return EXIT.waitedInVain.code;
}

interface Seen {
  readonly last: Endpoint;
  readonly isThere: boolean;
}

async function follow(
  session: Session,
  from: Endpoint,
  wanted: readonly MigrationPhase[],
  timeoutMs: number,
): Promise<Seen> {
  const { nva, clock } = session;
  const reached = ({ status }: Endpoint): boolean =>
    wanted.some((phase) => phase === status.migration?.phase);
  let last = from;
  if (reached(last)) return { last, isThere: true };
  const timeUp = new AbortController();
  const cancel = clock.after(timeoutMs, () => {
    timeUp.abort();
  });
  const signal = AbortSignal.any([session.signal, timeUp.signal]);
  const filter = `name = "endpoints/${from.id}"`;
  const onLost = tellLost(session);
  const startRevision = from.meta.revision;
  const watch = { nva, clock, signal, kinds: ['Endpoint' as const], filter, startRevision, onLost };
  try {
    for await (const { type, resource } of watchChanges(watch)) {
      if (resource.kind !== 'Endpoint') continue;
      if (type === 'DELETED') break;
      last = resource;
      if (reached(last)) return { last, isThere: true };
      if (isOver(last.status.migration?.phase ?? 'FINISHED')) break;
    }
  } finally {
    cancel();
  }
  return { last, isThere: false };
}

function failure(
  id: string,
  migration: Migration | undefined,
  laggards: readonly MigrationLaggard[],
  took: string,
): NfvError {
  const name = `endpoints/${id}`;
  const phase = migration?.phase ?? 'nowhere';
  if (migration !== undefined && isOver(migration.phase)) {
    const why = migration.reason === '' ? 'somebody took it back' : migration.reason;
    return new NfvError('MIGRATION_TIMED_OUT', `${name}: its migration ${phase}: ${why}`);
  }
  const names = laggards.map(({ nve, code, reason }) => `nves/${nve}: ${reason} (${code})`);
  const whom = names.length === 0 ? '' : `, waits for ${names.join('; ')}`;
  return new NfvError('DEADLINE_EXCEEDED', `${name} is ${phase} after ${took}${whom}`, {
    remedy: `see "nfvctl describe endpoint ${id}", or take it back: nfvctl migrate cancel ${id}`,
  });
}
