/** A part of the suite: mocha in a process of its own, which is ended when nothing is heard of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { parseReport, type Report } from './sum-up.js';

/** What node itself is given of .mocharc.json: mocha's own launcher would not pass signals on. */
const NODE_ARGUMENTS = ['--enable-source-maps', '--report-on-signal', '--report-signal=SIGUSR2'];
const MOCHA = 'node_modules/mocha/lib/cli/cli.js';
const MAX_REPORT_WAITS = 50;
const MAX_DRAIN_MS = 5_000;

/** What is read of node's diagnostic report, https://nodejs.org/api/report.html. */
const diagnosis = z.object({
  libuv: z.array(
    z.looseObject({ is_active: z.boolean().optional(), is_referenced: z.boolean().optional() }),
  ),
});

/** `dir`: a directory of this part's own. `quietMs`: it may say nothing for so long. */
export interface PartOptions {
  readonly dir: string;
  readonly quietMs: number;
  readonly print: (text: string | Buffer) => void;
}

/** Undefined: there is nothing in it. */
function lastLine(chunk: Buffer): string | undefined {
  const lines = chunk.toString().split('\n');
  return lines.findLast((line) => line.trim() !== '')?.trim();
}

/** What keeps it alive. Within an endless loop node tells nothing. */
async function diagnose(child: ChildProcess, dir: string): Promise<string> {
  child.kill('SIGUSR2');
  for (let i = 0; i < MAX_REPORT_WAITS; i++) {
    await after(100);
    const file = readdirSync(dir).find((name) => name.startsWith('report.'));
    if (file === undefined) continue;
    try {
      const { libuv } = diagnosis.parse(JSON.parse(readFileSync(join(dir, file), 'utf8')));
      const held = libuv.filter((each) => each.is_active === true && each.is_referenced === true);
      return held.map((each) => `held by ${JSON.stringify(each)}`).join('\n  ');
    } catch (error) {
      // It is still being written, but the last time.
      if (i === MAX_REPORT_WAITS - 1) return String(error);
    }
  }
  return 'it is in an endless loop, or in a call that blocks';
}

/** @param pattern the files of tests. @returns what was reported; one failure more if it was ended */
export async function runPart(pattern: string, options: PartOptions): Promise<Report> {
  const { dir, quietMs, print } = options;
  mkdirSync(dir, { recursive: true });
  const report = join(dir, 'part.json');
  const child = spawn(
    process.execPath,
    [...NODE_ARGUMENTS, `--report-directory=${dir}`, MOCHA, pattern],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NFVD_TEST_REPORT: report },
    },
  );
  let last = '';
  let where: string | undefined;
  const end = async (): Promise<void> => {
    const words = last;
    const held = await diagnose(child, dir).catch(String);
    child.kill('SIGKILL');
    where = `said nothing for ${quietMs / 1000} s after "${words}":\n  ${held}`;
    print(`\n${pattern} ${where}\n`);
  };
  let quiet: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(quiet);
    quiet = setTimeout(() => void end(), quietMs);
  };
  const hear = (chunk: Buffer): void => {
    heard();
    last = lastLine(chunk) ?? last;
    print(chunk);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  heard();
  const closed = once(child, 'close');
  const ended: unknown[] = await once(child, 'exit');
  // What a test left running may hold the pipes for ever.
  const drained = new AbortController();
  await Promise.race([closed, after(MAX_DRAIN_MS, undefined, drained).catch(() => undefined)]);
  drained.abort();
  clearTimeout(quiet);
  child.stdout.destroy();
  child.stderr.destroy();
  const [code] = ended;
  // None: it was killed.
  const status = typeof code === 'number' ? code : 1;
  const told = parseReport(pattern, status, () => readFileSync(report, 'utf8'));
  return where === undefined
    ? told
    : { ...told, failed: [...told.failed, { title: pattern, error: where }] };
}
