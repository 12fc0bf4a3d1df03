import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../../errors.js';
import { delay, timestamp } from '../../../model/clock.js';
import { parseDuration } from '../../duration.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { Table, type Cell } from '../../table.js';
import { examples, type Verb } from '../../verb.js';
import type { VppStatsReader } from '../../vpp/access.js';
import {
  counterData,
  countersOf,
  isZero,
  NAMES,
  ratesOf,
  type Amount,
  type Counter,
  type Rate,
} from '../../vpp/counters.js';
import { vppOptions } from '../../vpp/options.js';
import { patternOf } from '../../vpp/pattern.js';
import { dataFormatOption, DataFormat, jsonLine, render, yamlText } from '../../data-format.js';

const Options = z.object({
  output: DataFormat.default('table'),
  watch: z.union([z.string(), z.boolean()]).optional(),
  zeros: z.boolean().default(false),
  headers: z.boolean().default(true),
});
type Options = z.infer<typeof Options>;

const DEFAULT_SECONDS = 1;
const MIN_MS = 100;
const MAX_MS = 3_600_000;

/** Below `nfvctl vpp`. */
export const statsVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('stats')
    .summary("Reads VPP's statistics segment.")
    .description(
      'Shows counters from the statistics segment, which costs VPP no time. Needs libvppapiclient.',
    )
    .argument('[pattern]', 'a part of the name, or a pattern with * and ?')
    .option('-w, --watch [seconds]', `show rates, every so many seconds; ${DEFAULT_SECONDS}`)
    .option('--zeros', 'in tables, also what is 0')
    .addOption(dataFormatOption())
    .option('--no-headers', 'no header above the table')
    .addHelpText(
      'after',
      examples(
        'nfvctl vpp stats /if/',
        "nfvctl vpp stats '/if/?x' --watch",
        'nfvctl vpp stats /err/ --watch=5',
        'nfvctl vpp stats /sys/node/ -o wide',
      ),
    );
  define(command, (session, args, opts) => stats(session, vpp, args, Options.parse(opts)));
};

async function stats(
  session: Session,
  vpp: Command,
  [given]: readonly string[],
  options: Options,
): Promise<number> {
  const { pattern, intervalMs } = watchOf(given, options.watch);
  const wanted = pattern === undefined ? undefined : patternOf(pattern);
  const reader = await session.host.openVppStats(vppOptions(vpp, session.globals, session.env));
  try {
    if (intervalMs === undefined) await show(session, await read(reader, wanted), options);
    else await watch(session, () => read(reader, wanted), intervalMs, options);
    return EXIT.ok.code;
  } finally {
    reader.close();
  }
}

interface What {
  readonly pattern: string | undefined;
  /** Undefined: once. */
  readonly intervalMs: number | undefined;
}

/** What stands after a bare `--watch` may be the pattern. @throws NfvError INVALID_FIELD */
function watchOf(pattern: string | undefined, watch: string | boolean | undefined): What {
  if (watch === undefined || watch === false) return { pattern, intervalMs: undefined };
  if (watch === true) return { pattern, intervalMs: DEFAULT_SECONDS * 1000 };
  const ms = /^\d{1,9}(\.\d{1,3})?$/.test(watch) ? Number(watch) * 1000 : parseDuration(watch);
  if (ms === undefined && pattern === undefined) {
    return { pattern: watch, intervalMs: DEFAULT_SECONDS * 1000 };
  }
  if (ms === undefined || ms < MIN_MS || ms > MAX_MS) {
    const remedy = 'give seconds, 0.1 to 3600, as in --watch=5';
    throw invalidField('--watch', watch, 'not a time between readings', remedy);
  }
  return { pattern, intervalMs: ms };
}

async function read(reader: VppStatsReader, wanted: RegExp | undefined): Promise<Counter[]> {
  const names = wanted === undefined ? undefined : new RegExp(`${wanted.source}|${NAMES.source}`);
  return countersOf(await reader.read(names), wanted);
}

async function show(
  session: Session,
  counters: readonly Counter[],
  options: Options,
): Promise<void> {
  const { output, zeros, headers } = options;
  const shown = zeros ? counters : counters.filter((counter) => !isZero(counter));
  const isTable = output === 'table' || output === 'wide';
  if (isTable && shown.length === 0) {
    const text = counters.length === 0 ? 'no such counter' : 'nothing but zeros (see --zeros)';
    await session.err.write(`${text}\n`);
    return;
  }
  const data = counters.map(counterData);
  await session.out.write(render(output, data, (wide) => tableOf(session, shown, wide, headers)));
}

function tableOf(
  { paint }: Session,
  counters: readonly Counter[],
  wide: boolean,
  headers: boolean,
): string {
  const threads = Math.max(0, ...counters.map((counter) => counter.threads.length));
  const perThread = Array.from({ length: wide ? threads : 0 }, (_, i) => i);
  const header = ['NAME', 'ITEM', 'COUNT', 'BYTES', ...perThread.map((i) => `THREAD-${i}`)];
  const rows = counters.map((counter) => {
    const { name, total } = counter;
    const amounts = perThread.map((i) => amountText(counter.threads[i]));
    const bytes = total.bytes === undefined ? '-' : String(total.bytes);
    return [name, itemOf(counter), String(total.count), bytes, ...amounts].map(asCell);
  });
  return new Table(header, paint).all(rows, headers);
}

const asCell = (text: string): Cell => ({ text });

function itemOf({ item, index }: Pick<Counter, 'item' | 'index'>): string {
  return item ?? (index === undefined ? '-' : String(index));
}

function amountText(amount: Amount | undefined): string {
  if (amount === undefined) return '-';
  const { count, bytes } = amount;
  return bytes === undefined ? String(count) : `${count}/${bytes}`;
}

/** Until the session's signal aborts, which is thrown. */
async function watch(
  session: Session,
  take: () => Promise<readonly Counter[]>,
  intervalMs: number,
  { output, zeros, headers }: Options,
): Promise<never> {
  const { clock } = session;
  const table = new Table(
    ['TIME', 'NAME', 'ITEM', 'PER-SECOND', 'BYTES-PER-SECOND'],
    session.paint,
  );
  let isFirst = headers;
  let before = await take();
  let then = clock.monotonic();
  for (;;) {
    await delay(clock, intervalMs, session.call.signal);
    const now = await take();
    const at = clock.monotonic();
    const seconds = (at - then) / 1000;
    const rates = ratesOf(before, now, seconds).filter((rate) => zeros || isMoving(rate));
    const data = { time: timestamp(clock.now()), seconds: Number(seconds.toFixed(3)), rates };
    if (output === 'json') await session.out.write(jsonLine(data));
    else if (output === 'yaml') await session.out.write(`---\n${yamlText(data)}`);
    else await session.out.write(table.all(rateRows(data.time, rates), isFirst));
    isFirst = false;
    [before, then] = [now, at];
  }
}

const isMoving = ({ perSecond, bytesPerSecond = 0 }: Rate): boolean =>
  perSecond !== 0 || bytesPerSecond !== 0;

function rateRows(time: string, rates: readonly Rate[]): Cell[][] {
  // That it still looks should be seen.
  if (rates.length === 0) return [[time, '-', '-', '0', '-'].map(asCell)];
  return rates.map((rate) => {
    const bytes = rate.bytesPerSecond === undefined ? '-' : String(rate.bytesPerSecond);
    return [time, rate.name, itemOf(rate), String(rate.perSecond), bytes].map(asCell);
  });
}
