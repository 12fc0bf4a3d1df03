/** The example of docs/nva.md for logrotate, as it is written, beside an NVA that is called all the time. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Call } from '../../../src/model/api.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { exec } from '../../support/netns.js';
import { refusedWith } from '../../support/refusals.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';

const DOCS = fileURLToPath(new URL('../../../../docs/nva.md', import.meta.url));
const LOGROTATE = '/usr/sbin/logrotate';
const call: Call = { signal: new AbortController().signal };
const AT_A_TIME = 5;

/** That of the page, for another file, which another user owns. */
async function example(file: string): Promise<string> {
  const [, found] =
    /```text\n(\/\S*audit\.log \{\n[^`]*)```/.exec(readFileSync(DOCS, 'utf8')) ?? [];
  assert.ok(found !== undefined);
  const [user, group] = await Promise.all(['-un', '-gn'].map((what) => exec('id', [what])));
  assert.ok(user !== undefined && group !== undefined);
  const own = found
    .replace('/var/lib/nfvd/nva/audit.log', file)
    .replace('su nfvd nfvd', `su ${user.stdout.trim()} ${group.stdout.trim()}`);
  assert.ok(own.includes(`${file} {`) && !own.includes('nfvd nfvd'));
  return own;
}

describe('the audit log under logrotate', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let daemon: Daemon | undefined;
  let client: NvaClient;
  let auditFile: string;
  let isOver: boolean;
  let asked: number;

  before(async function () {
    const found = await exec(LOGROTATE, ['--version']);
    if (found.code !== 0) skip(this, `there is no ${LOGROTATE}`);
  });

  beforeEach(async () => {
    isOver = false;
    asked = 0;
    dir = tempDir();
    const files = new DaemonFiles(dir.path);
    auditFile = join(dir.path, 'data', 'audit.log');
    const config = files.nva({ audit: { file: auditFile } });
    daemon = await Daemon.start(['nva', '--config', config]);
    client = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 10_000 });
  });

  afterEach(async () => {
    isOver = true;
    client.close();
    await daemon?.stop();
    daemon = undefined;
    dir.remove();
  });

  /** Each call about a name of its own. */
  async function keepCalling(): Promise<void> {
    while (!isOver) {
      const some = Array.from({ length: AT_A_TIME }, () => client.nves.get(`n-${asked++}`, call));
      await Promise.all(some.map((each) => refusedWith('NOT_FOUND', each)));
    }
  }

  const audits = (): string[] =>
    readdirSync(join(dir.path, 'data')).filter((name) => name.includes('audit'));
  const textOf = (name: string): string => {
    const bytes = readFileSync(join(dir.path, 'data', name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  };
  const targetsIn = (name: string): string[] =>
    textOf(name)
      .split('\n')
      .slice(0, -1)
      .map((line) => String(Reflect.get(Object(JSON.parse(line)), 'target')));

  it('is rotated again and again: every line is in one of the files, whole, and all are mode 0600', async () => {
    const config = join(dir.path, 'rotate.conf');
    writeFileSync(config, await example(auditFile));
    chmodSync(config, 0o644);
    const calling = keepCalling();
    for (let n = 1; n <= 3; n++) {
      // To the file that there is now.
      const before = asked;
      await eventually(() => targetsIn('audit.log').some((each) => numberOf(each) >= before));
      const args = ['-f', '-s', join(dir.path, 'rotate.state'), config];
      const { code, stderr } = await exec(LOGROTATE, args);
      assert.deepEqual([code, stderr], [0, '']);
      await eventually(() => audits().includes('audit.log'));
    }
    isOver = true;
    await calling;
    await daemon?.stop();
    assert.deepEqual(audits().sort(), [
      'audit.log',
      'audit.log.1',
      'audit.log.2.gz',
      'audit.log.3.gz',
    ]);
    for (const name of audits()) {
      assert.equal(statSync(join(dir.path, 'data', name)).mode & 0o7777, 0o600, name);
      assert.ok(textOf(name).endsWith('\n'), name);
    }
    const inOrder = audits().sort().reverse().flatMap(targetsIn);
    const numbers = inOrder.map(numberOf);
    assert.equal(numbers.length, asked);
    assert.equal(new Set(numbers).size, asked);
    // The older the file, the older what is in it, but for the calls that were under way together.
    for (const [i, number] of numbers.entries())
      assert.ok(Math.abs(number - i) < AT_A_TIME, `${i}`);
  });
});

function numberOf(target: string): number {
  return Number(target.replace('nves/n-', ''));
}
