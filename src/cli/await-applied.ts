/** `--wait`: until every NVE has applied a change, or the names of those that have not, and why. */
import { ERROR_TABLE, isErrorCode, NfvError } from '../errors.js';
import type { Laggard, WaitAppliedResult } from '../model/api.js';
import { delay } from '../model/clock.js';
import { formatDuration } from './duration.js';
import { escapeText } from './escape.js';
import { EXIT } from './exit-codes.js';
import type { Session } from './session.js';
import type { Paint } from './style.js';
import { Table } from './table.js';

const RETRY_MS = 500;
/** That are told of one NVE. */
const MAX_FAILURES = 10;

/** Says how long it took, or who lags; answers with the exit status. @throws NfvError */
export async function awaitApplied(
  session: Session,
  revision: number,
  timeoutMs: number,
): Promise<number> {
  const started = session.clock.monotonic();
  const result = await waitThroughOutages(session, revision, timeoutMs);
  const took = formatDuration(session.clock.monotonic() - started);
  if (result.applied) {
    await session.out.write(`applied by every NVE at revision ${result.revision} after ${took}\n`);
    return EXIT.ok.code;
  }
  await session.err.write(laggardsText(result, took, session.errPaint));
  return EXIT.waitedInVain.code;
}

/** An NVA that starts again in the meantime is asked again. */
async function waitThroughOutages(
  { nva, clock, call, signal }: Session,
  revision: number,
  timeoutMs: number,
): Promise<WaitAppliedResult> {
  const end = clock.monotonic() + timeoutMs;
  for (;;) {
    const left = Math.max(0, end - clock.monotonic());
    try {
      return await nva.waitApplied({ revision, timeoutMs: left }, call);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!error.retriable || clock.monotonic() + RETRY_MS >= end) throw error;
      await delay(clock, RETRY_MS, signal);
    }
  }
}

export function laggardsText(result: WaitAppliedResult, took: string, paint: Paint): string {
  const { laggards, revision } = result;
  const count = laggards.length === 1 ? '1 NVE has' : `${laggards.length} NVEs have`;
  const head = `${paint('red', 'error:')} ${count} not applied revision ${revision} after ${took}\n`;
  const table = new Table(['NVE', 'CODE', 'APPLIED', 'REASON'], paint).all(
    laggards.map(({ nve, code, appliedRevision, reason }) => [
      { text: nve },
      { text: code },
      { text: String(appliedRevision) },
      { text: reason },
    ]),
  );
  return (
    head +
    table +
    laggards.map((laggard) => failuresText(laggard)).join('') +
    remedies(laggards, paint)
  );
}

/** Nothing where its row has said it all. */
function failuresText({ nve, reason, failures }: Laggard): string {
  const [first, ...others] = failures;
  if (first === undefined) return '';
  if (others.length === 0 && reason === `${first.key}: ${first.message}`) return '';
  const lines = failures
    .slice(0, MAX_FAILURES)
    .map(({ key, code, message }) => `${nve}: ${key}: ${message} (${code})`);
  const more = failures.length - lines.length;
  if (more > 0) lines.push(`${nve}: ${more} more: see "nfvctl describe nve ${nve}"`);
  return lines.map((line) => `  ${escapeText(line)}\n`).join('');
}

/** One for each code. */
function remedies(laggards: readonly Laggard[], paint: Paint): string {
  const codes = laggards.flatMap(({ code, failures }) => [code, ...failures.map((f) => f.code)]);
  return [...new Set(codes)]
    .filter(isErrorCode)
    .map((code) => `${paint('cyan', 'remedy:')} ${code}: ${ERROR_TABLE[code].remedy}\n`)
    .join('');
}
