/**
 * A program of its own, in a private mount namespace: puts a small tmpfs on a directory, fills it, and looks at what an
 * audit log does on it, and on one that nobody may write to. Ends with "ok", or fails.
 *
 *   unshare --mount node audit-full-disk.js DIRECTORY
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AuditLog, checkAuditFile } from '../../src/nva/access/audit-log.js';
import { eventually } from './eventually.js';

const run = promisify(execFile);
const LINES = 100;

/** Names of different lengths: where room ends, a line hardly ever does. */
const entryOf = (i: number): Parameters<AuditLog['add']>[0] => ({
  ...{ time: '2026-01-02T03:04:05.678Z', who: 'user/alice', peer: '192.0.2.1:40000' },
  ...{ method: 'CreateEndpoint', target: `endpoints/${'e'.repeat(i % 97)}-${i}`, outcome: 'OK' },
  ...{ ms: 3, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
});

async function main(directory: string): Promise<void> {
  const options = 'size=256k,mode=700';
  await run('mount', ['-t', 'tmpfs', '-o', options, 'nfvt-full', directory]);
  const path = join(directory, 'audit.log');
  const ballast = join(directory, 'ballast');
  const { bavail, bsize } = await statfs(directory);
  await writeFile(ballast, Buffer.alloc((bavail - 8) * bsize));
  let lost = 0;
  const log = await AuditLog.open(path, (error, lines) => {
    assert.match(error.message, /ENOSPC/);
    lost += lines;
  });
  const text = (): Promise<string> => readFile(path, 'utf8');
  const whole = async (): Promise<number> => {
    const lines = (await text()).split('\n');
    assert.equal(lines.pop(), '', 'it ends in a line that is not whole');
    for (const line of lines) JSON.parse(line);
    return lines.length;
  };
  let added = 0;
  for (let round = 0; round < 5; round++) {
    const before = added;
    while (added < before + LINES) log.add(entryOf(added++));
    await eventually(async () => (await whole()) + lost === added);
  }
  assert.ok(lost > 0, 'it was never full');
  const written = added - lost;
  await rm(ballast);
  log.add(entryOf(added++));
  await log.close();
  assert.equal(await whole(), written + 1, 'what is told to be lost is what is not there');
  await run('mount', ['-o', 'remount,ro', directory]);
  for (const file of [path, join(directory, 'other.log')]) {
    await assert.rejects(checkAuditFile(file), { code: 'FILE_UNREADABLE' }, file);
  }
  process.stdout.write('ok');
}

await main(process.argv[2] ?? '');
