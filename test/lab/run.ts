/**
 * `make test-lab`: host preparation on the real kernel of a QEMU guest that has what this machine may
 * lack: NICs with SR-IOV on two NUMA nodes behind an IOMMU. The guest shares this machine's file
 * tree, so the programs that run in it are those that were built here. docs/lab.md says more.
 *
 *     node dist/test/lab/run.js [SUITE…]        with-iommu without-iommu across-boots
 *     node dist/test/lab/run.js -- COMMAND…     one command in such a guest
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReport, tellSum, type Report } from '../support/sum-up.js';
import { chooseAccelerator } from './accelerator.js';
import { Cache, NoLab } from './cache.js';
import { runGuest, type GuestEnd } from './guest.js';
import { REPORT } from './initrd.js';
import type { Accelerator } from './machine.js';

interface Boot {
  readonly tests: string;
  readonly hasIommu: boolean;
}

/** The boots of a suite come one after another, with one disk. */
const SUITES: Readonly<Record<string, readonly Boot[]>> = {
  'with-iommu': [{ tests: 'dist/test/lab/with-iommu/*.test.js', hasIommu: true }],
  'with-vpp': [{ tests: 'dist/test/lab/with-vpp/*.test.js', hasIommu: true }],
  'without-iommu': [{ tests: 'dist/test/lab/without-iommu/*.test.js', hasIommu: false }],
  'across-boots': [
    { tests: 'dist/test/lab/across-boots/before.test.js', hasIommu: true },
    { tests: 'dist/test/lab/across-boots/after.test.js', hasIommu: true },
  ],
};
/** For machines that have little time for it; it takes some minutes. */
const LIMIT_MS = 90 * 60_000;
const DISK_BYTES = 64 * 1024 * 1024;
/** Of this machine's environment. */
const HANDED_ON = ['PATH', 'HOME', 'LANG', 'TERM', 'VPP_PREFIX', 'NFVD_TEST_LONG'];

class Lab {
  private constructor(
    private readonly cache: Cache,
    private readonly dir: string,
    readonly accelerator: Accelerator,
  ) {}

  static async open(dir: string): Promise<Lab> {
    const cache = await Cache.fill();
    const disk = await makeDisk(cache, join(dir, 'trial'));
    return new Lab(cache, dir, await chooseAccelerator(cache, disk));
  }

  async runSuite(name: string): Promise<Report[]> {
    const disk = await makeDisk(this.cache, join(this.dir, name));
    const reports: Report[] = [];
    for (const { tests, hasIommu } of SUITES[name] ?? []) {
      process.stdout.write(`\n== lab: ${tests}\n`);
      const mocha = ['node_modules/.bin/mocha', '--exit', '--timeout', '1200000', tests];
      const end = await this.run(mocha, hasIommu, disk);
      reports.push(toReport(tests, end));
    }
    return reports;
  }

  async runOne(command: readonly string[]): Promise<number> {
    const hasIommu = process.env['NFVD_LAB_IOMMU'] !== 'none';
    const end = await this.run(
      command,
      hasIommu,
      await makeDisk(this.cache, join(this.dir, 'one')),
    );
    if (end.kind === 'ended') return end.status;
    process.stderr.write(`lab: ${end.reason}\n${end.console}\n`);
    return 125;
  }

  private run(command: readonly string[], hasIommu: boolean, disk: string): Promise<GuestEnd> {
    const { accelerator } = this;
    const print = (text: string): void => {
      process.stdout.write(text);
    };
    const job = { command, env: guestEnv() };
    return runGuest(this.cache, { accelerator, hasIommu, job, disk, limitMs: LIMIT_MS, print });
  }
}

function guestEnv(): Record<string, string> {
  const own = HANDED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env = Object.fromEntries(own);
  const path = `${env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  return { ...env, PATH: path, NFVD_LAB_GUEST: '1', NFVD_TEST_REPORT: REPORT };
}

function toReport(tests: string, end: GuestEnd): Report {
  if (end.kind === 'ended') return parseReport(tests, end.status, () => end.report);
  process.stdout.write(`\nlab: ${end.reason}; the kernel said last:\n${end.console}\n`);
  return { passed: 0, failed: [{ title: tests, error: end.reason }], skipped: [] };
}

async function makeDisk(cache: Cache, path: string): Promise<string> {
  writeFileSync(path, '');
  truncateSync(path, DISK_BYTES);
  await cache.tool('usr/sbin/mke2fs', '-q', '-F', '-t', 'ext4', path);
  return path;
}

async function main(words: readonly string[]): Promise<number> {
  const started = performance.now();
  const dir = mkdtempSync(join(tmpdir(), 'nfvt-lab-'));
  // Also when somebody ends us.
  process.once('exit', () => {
    rmSync(dir, { recursive: true, force: true });
  });
  const lab = await Lab.open(dir);
  if (words[0] === '--') return lab.runOne(words.slice(1));
  const names = words.length > 0 ? words : Object.keys(SUITES);
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) throw new Error(`no suite ${unknown} in the lab`);
  process.stdout.write(`lab: emulated by QEMU with ${lab.accelerator}\n`);
  const reports: Report[] = [];
  for (const name of names) reports.push(...(await lab.runSuite(name)));
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`\nlab: ${seconds} s\n`);
  return tellSum(reports) ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof NoLab)) throw error;
  process.exitCode = 1;
}
