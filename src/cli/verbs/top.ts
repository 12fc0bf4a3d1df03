import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import { delay } from '../../model/clock.js';
import type {
  DurationSummary,
  NvaStatistics,
  NveStatistics,
  SilentReplica,
} from '../../model/observation.js';
import { DataFormat, dataFormatOption, jsonLine, render } from '../data-format.js';
import { formatDuration, requireDuration } from '../duration.js';
import { escapeText } from '../escape.js';
import { EXIT } from '../exit-codes.js';
import { ownSignal } from '../own-signal.js';
import type { Session } from '../session.js';
import type { Colour } from '../style.js';
import { Table, type Cell } from '../table.js';
import { examples, type Verb } from '../verb.js';
import { Outage } from '../watching.js';

const Options = z.object({
  output: DataFormat.default('table'),
  watch: z.boolean().default(false),
  interval: z.string().default('2s'),
});
type Options = z.infer<typeof Options>;

/** Of a terminal: to its first line, and all of it empty (ECMA-48 CUP, ED). */
const CLEAR = '\x1b[H\x1b[2J';

export const topVerb: Verb = (program, define) => {
  const command = program
    .command('top')
    .summary('Shows how the NVA and its sessions with the NVEs stand.')
    .description(
      'Shows the sessions with the NVEs: how far each lags, what waits, its items, and how long it takes ' +
        'until an endpoint is applied (of the last five minutes); the first line is of all together.',
    )
    .option('-w, --watch', 'again and again, until it is interrupted')
    .option('--interval <duration>', 'how often; 2s')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl top', 'nfvctl top --watch', 'nfvctl top -o json'));
  define(command, async (session, _args, opts) => {
    const options = Options.parse(opts);
    const intervalMs = requireDuration('--interval', options.interval);
    if (options.watch) await refresh(session, options, intervalMs);
    else await session.out.write(textOf(session, options, await read(session, session.call)));
    return EXIT.ok.code;
  });
};

const read = ({ nva }: Session, call: Call): Promise<NvaStatistics> =>
  nva.observation.statistics(call);

async function refresh(session: Session, options: Options, intervalMs: number): Promise<void> {
  const signal = ownSignal(session.signal);
  const isTable = options.output === 'table' || options.output === 'wide';
  const readAgain = readerOf(session, signal);
  while (!signal.aborted) {
    const statistics = await readAgain();
    if (statistics === undefined) continue;
    const text =
      options.output === 'json' ? jsonLine(statistics) : textOf(session, options, statistics);
    const before = options.output === 'yaml' ? '---\n' : '';
    await session.out.write((isTable && session.out.isTTY ? CLEAR : before) + text);
    await delay(session.clock, intervalMs, signal).catch(() => undefined);
  }
}

/**
 * Of an NVA that has answered once, and then is away, that is said, and it is asked again: undefined, after a
 * pause. What reads throws an NfvError where that does not help, or has not for five minutes.
 */
function readerOf(session: Session, signal: AbortSignal): () => Promise<NvaStatistics | undefined> {
  const outage = new Outage(session.clock);
  let state: 'never answered' | 'there' | 'away' = 'never answered';
  return async () => {
    outage.attempt();
    try {
      const statistics = await read(session, { signal });
      outage.over();
      state = 'there';
      return statistics;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const pause = state === 'never answered' || !error.retriable ? undefined : outage.pause();
      if (pause === undefined || signal.aborted) throw error;
      if (state === 'there') {
        await session.err.write(`no answer (${escapeText(error.message)}); asking again\n`);
      }
      state = 'away';
      await delay(session.clock, pause, signal).catch(() => undefined);
      return undefined;
    }
  };
}

function textOf(session: Session, { output }: Options, statistics: NvaStatistics): string {
  return render(output, statistics, (wide) => tablesOf(session, statistics, wide));
}

function tablesOf({ paint }: Session, of: NvaStatistics, wide: boolean): string {
  const table = new Table(TOTAL, paint).all([totalCells(of)]);
  const total = [table, ...of.silent.map(silentLine)].join('');
  if (of.nves.length === 0) return total;
  const header = wide ? [...HEADER, ...WIDE] : HEADER;
  const rows = of.nves.map((nve) => (wide ? [...cellsOf(nve), ...wideCells(nve)] : cellsOf(nve)));
  return `${total}\n${new Table(header, paint).all(rows)}`;
}

const silentLine = ({ address, code, reason }: SilentReplica): string =>
  `replica ${escapeText(address)} does not answer: ${escapeText(reason)} (${code})\n`;

const TOTAL = [
  ...['REVISION', 'CONNECTED', 'CHANGES/S', 'WATCHERS', 'OPEN'],
  ...['ATTACH-P50', 'P90', 'P99', 'MAX', 'COUNT'],
];
const HEADER = [
  ...['NVE', 'STATE', 'LAG', 'BEHIND', 'PENDING', 'WANTED', 'FAILED', 'DRIFTED', 'ITEMS/S'],
  ...['ATTACH-P50', 'P90', 'P99', 'MAX'],
];
const WIDE = ['APPLIED', 'IN-FLIGHT', 'COUNT'];

const AWAY: readonly NveStatistics['state'][] = ['DISCONNECTED', 'DEAD'];

function totalCells(of: NvaStatistics): Cell[] {
  const connected = of.nves.filter(({ state }) => !AWAY.includes(state)).length;
  const texts = [
    ...[String(of.revision), `${connected}/${of.nves.length}`, rate(of.changeRate)],
    ...[String(of.watchers), String(of.attachesUnderWay)],
    ...[...summary(of.attach), String(of.attach.count)],
  ];
  return texts.map((text) => ({ text }));
}

const COLOURS: Readonly<Record<NveStatistics['state'], Colour>> = {
  IN_SYNC: 'green',
  SYNCING: 'yellow',
  ELSEWHERE: 'yellow',
  DEGRADED: 'red',
  DISCONNECTED: 'red',
  DEAD: 'red',
};

/** LAG is the age of the oldest change that it lacks, BEHIND how many revisions ago that was. */
function cellsOf(of: NveStatistics): Cell[] {
  const { items, driftedItems } = of;
  const lag = of.lagRevisions === 0 ? '-' : formatDuration(of.lagMs);
  return [
    { text: of.nve },
    { text: of.state, colour: COLOURS[of.state] },
    ...[lag, String(of.lagRevisions), String(of.pendingItems)].map((text) => ({ text })),
    ...[items.wanted, items.failed, driftedItems].map((count) => ({ text: String(count) })),
    ...[rate(of.itemRate), ...summary(of.attach)].map((text) => ({ text })),
  ];
}

function wideCells({ items, deltasInFlight, attach }: NveStatistics): Cell[] {
  return [items.applied, deltasInFlight, attach.count].map((count) => ({ text: String(count) }));
}

const rate = (perSecond: number): string => perSecond.toFixed(1);

function summary({ count, p50, p90, p99, max }: DurationSummary): string[] {
  return [p50, p90, p99, max].map((ms) => (count === 0 ? '-' : formatDuration(ms)));
}
