/** What `nfvctl pki` makes, as openssl sees it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lockFile } from '../../../src/host/lock.js';
import { openPki } from '../../../src/main/pki-access.js';
import { systemClock } from '../../../src/model/clock.js';
import { Pki } from '../../../src/pki/authority.js';
import { crlBlocks, readCrl } from '../../../src/x509/read-crl.js';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { nfvctl, type Ran } from '../../support/cli.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const run = promisify(execFile);
const DAY = 86_400_000;

/** What openssl prints; a verdict is also on standard error. */
function openssl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('openssl', [...args], (_error, out, err) => {
      resolve(out + err);
    });
  });
}

describe('nfvctl pki', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let ca: string;

  before(async function () {
    await needOpenssl(this);
  });
  beforeEach(async () => {
    dir = tempDir();
    ca = join(dir.path, 'ca');
    await ok('init', '--trust-domain', 'nfv.example');
  });
  afterEach(() => {
    dir.remove();
  });

  const pki = (...argv: readonly string[]): Promise<Ran> =>
    nfvctl(['pki', '--dir', ca, ...argv], { openPki: (path) => Promise.resolve(openPki(path)) });
  const ok = async (...argv: readonly string[]): Promise<string> => {
    const { status, out, err } = await pki(...argv);
    assert.deepEqual([status, err], [0, '']);
    return out;
  };
  const file = (name: string): string => join(ca, name);
  const verify = (name: string, purpose: string): Promise<string> =>
    openssl(
      ...['verify', '-x509_strict', '-purpose', purpose, '-crl_check_all'],
      ...['-CAfile', file('ca.pem'), '-CRLfile', file('crl.pem'), file(`certs/${name}.pem`)],
    );
  const shown = (path: string, ...exts: readonly string[]): Promise<string> =>
    openssl('x509', '-in', file(path), '-noout', '-ext', exts.join(','));

  it('makes a CA whose key nobody else can read', async () => {
    assert.equal(statSync(ca).mode & 0o777, 0o700);
    assert.equal(statSync(file('ca.key')).mode & 0o777, 0o600);
    const text = await shown('ca.pem', 'basicConstraints', 'keyUsage', 'subjectAltName');
    assert.match(text, /critical\s+CA:TRUE, pathlen:0/);
    assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
    assert.match(text, /URI:spiffe:\/\/nfv\.example\n/);
    assert.match(
      await openssl('verify', '-x509_strict', '-CAfile', file('ca.pem'), file('ca.pem')),
      /OK/,
    );
    assert.match(
      await openssl('crl', '-in', file('crl.pem'), '-noout', '-CAfile', file('ca.pem')),
      /verify OK/,
    );
  });

  it('makes certificates that are good for what they are for, and for nothing else', async () => {
    await ok('issue', 'nva', '--ip', '192.0.2.11', '--ip', '2001:db8::11', '--dns', 'NVA.example');
    await ok('issue', 'nve/host-a');
    await ok('issue', 'user/alice@example');
    for (const [name, server] of [
      ['nva', true],
      ['nve-host-a', true],
      ['user-alice@example', false],
    ] as const) {
      assert.match(await verify(name, 'sslclient'), /: OK\n/);
      assert.match(
        await verify(name, 'sslserver'),
        server ? /: OK\n/ : /unsuitable certificate purpose/,
      );
      assert.equal(statSync(file(`certs/${name}.key`)).mode & 0o777, 0o600);
      const text = await shown(`certs/${name}.pem`, 'basicConstraints', 'keyUsage');
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
      assert.match(text, /Key Usage: critical\s+Digital Signature\s/);
    }
    const names = await shown('certs/nva.pem', 'subjectAltName');
    assert.match(
      names,
      /URI:spiffe:\/\/nfv\.example\/nva, DNS:nva\.example, IP Address:192\.0\.2\.11, IP/,
    );
    assert.match(
      await shown('certs/nve-host-a.pem', 'subjectAltName'),
      /URI:spiffe:\/\/nfv\.example\/nve\/host-a\n/,
    );
    const key = await openssl('pkey', '-in', file('certs/nva.key'), '-pubout');
    assert.equal(await openssl('x509', '-in', file('certs/nva.pem'), '-noout', '-pubkey'), key);
  });

  it('takes what has been revoked for what it is, and the rest for good', async () => {
    await ok('issue', 'nve/host-a');
    await ok('issue', 'nve/host-b');
    await ok('renew', 'nve/host-a');
    assert.match(await verify('nve-host-a', 'sslclient'), /: OK\n/);
    const told = await ok('revoke', 'nve/host-a', '--reason', 'keyCompromise');
    assert.match(told, /^(nve-host-a [0-9A-F]{32} revoked\n){2}$/);
    assert.match(await verify('nve-host-a', 'sslclient'), /certificate revoked/);
    assert.match(await verify('nve-host-b', 'sslclient'), /: OK\n/);
    const text = await openssl('crl', '-in', file('crl.pem'), '-noout', '-text');
    assert.equal(text.split('Key Compromise').length, 3);
    assert.match(text, /CRL Number: \s+2\n/);
    assert.equal(await ok('revoke', 'nve/host-a'), 'nothing to revoke\n');
    const states = (await ok('list')).match(/GOOD|REVOKED/g);
    assert.deepEqual(states, ['REVOKED', 'REVOKED', 'GOOD']);
  });

  it('revokes one certificate by its serial number', async () => {
    await ok('issue', 'nve/host-a');
    const serial = readdirSync(file('issued'))[0]?.replace('.pem', '') ?? '';
    await ok('renew', 'nve/host-a');
    await ok('revoke', serial.toLowerCase());
    assert.match(await verify('nve-host-a', 'sslclient'), /: OK\n/);
    const { entries } = readCrl(readFileSync(file('crl.pem'), 'utf8'));
    assert.deepEqual(
      entries.map((entry) => entry.serial),
      [serial],
    );
  });

  it('renews with the same names, a new key and a new serial number', async () => {
    await ok('issue', 'nva', '--ip', '2001:db8::11', '--dns', 'nva.example', '--days', '30');
    const names = await shown('certs/nva.pem', 'subjectAltName');
    const key = readFileSync(file('certs/nva.key'), 'utf8');
    await ok('renew', 'nva');
    assert.equal(await shown('certs/nva.pem', 'subjectAltName'), names);
    assert.notEqual(readFileSync(file('certs/nva.key'), 'utf8'), key);
    const good = await openssl(
      'x509',
      '-in',
      file('certs/nva.pem'),
      '-noout',
      '-checkend',
      String(29 * 86_400),
    );
    assert.match(good, /will not expire/);
    assert.equal(readdirSync(file('issued')).length, 2);
  });

  const REFUSED: readonly (readonly [argv: readonly string[], error: RegExp])[] = [
    [['issue', 'nva', '--ip', '192.0.2.1'], /certs\/nva\.pem is there \(ALREADY_EXISTS\)/],
    [['init'], /ca is there, and not empty \(ALREADY_EXISTS\)/],
    [['issue', 'nva', '--as', 'nva-2'], /an NVA is connected to by name or address/],
    [['issue', 'nvf/x'], /IDENTITY: nvf\/x: not an identity/],
    [['issue', 'nve/Host'], /not an identity/],
    [['issue', 'user/a', '--ip', '192.0.2.1'], /nobody connects to a user/],
    [['issue', 'nve/a', '--ip', '192.0.2'], /--ip: 192\.0\.2: not an IP address/],
    [['issue', 'nve/a', '--dns', 'a b'], /--dns: a b: not a DNS name/],
    [['issue', 'nve/a', '--as', '../x'], /--as: \.\.\/x: no name for files/],
    [['issue', 'nve/a', '--days', '0'], /--days: 0: not a time that will do/],
    [['issue', 'nve/a', '--days', 'x'], /--days: x: not a number of days/],
    [['renew', 'nve/a'], /no certificate nve-a was issued here \(NOT_FOUND\)/],
    [['revoke', 'nve/a'], /no certificate nve\/a was issued here \(NOT_FOUND\)/],
    [['--dir', '/nonexistent', 'list'], /cannot read \/nonexistent.*ENOENT \(FILE_UNREADABLE\)/],
  ];
  it('refuses what cannot be, and changes nothing', async () => {
    await ok('issue', 'nva', '--ip', '192.0.2.1');
    const files = (): string[] => readdirSync(ca, { recursive: true, encoding: 'utf8' }).sort();
    const before = files();
    for (const [argv, error] of REFUSED) {
      const { status, err } = await pki(...argv);
      assert.match(err, error);
      assert.notEqual(status, 0);
    }
    assert.deepEqual(files(), before);
    const trust = await nfvctl(
      ['pki', '--dir', join(dir.path, 'b'), 'init', '--trust-domain', 'A/b'],
      {
        openPki: (path) => Promise.resolve(openPki(path)),
      },
    );
    assert.match(trust.err, /--trust-domain: A\/b: not a trust domain/);
    assert.deepEqual(readdirSync(dir.path), ['ca']);
  });

  it('does one change at a time', async () => {
    const lock = await lockFile(file('lock'));
    try {
      await refusedWith(
        'WRITE_CONFLICT',
        openPki(ca).revoke({ which: 'x', reason: 'unspecified' }),
      );
    } finally {
      await lock.release();
    }
  });

  it('goes on where a process was killed between a key and its certificate', async () => {
    writeFileSync(file('certs/nve-host-a.key'), 'half a key');
    await ok('issue', 'nve/host-a');
    assert.match(await verify('nve-host-a', 'sslclient'), /: OK\n/);
  });

  it('signs nothing that outlives its CA, and nothing with a CA that has expired', async () => {
    let now = systemClock.now();
    const late = new Pki({ directory: join(dir.path, 'late'), now: () => now });
    await late.init({ trustDomain: 'nfv.example', days: 10 });
    const request = { identity: 'nve/a', name: '', dns: [], ips: [], days: 100 };
    const { certificate: made } = await late.issue(request);
    assert.equal(Math.round((made.notAfter.getTime() - now) / DAY), 10);
    now += 11 * DAY;
    await refusedWith('FILE_UNREADABLE', late.issue({ ...request, name: 'b' }));
  });
});

describe('a revocation list of openssl', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;

  before(async function () {
    await needOpenssl(this);
    dir = tempDir();
  });
  after(() => {
    dir.remove();
  });

  it('is read as it was written', async () => {
    const ca = await authority(dir.path, 'ca');
    const leaf = await certificate(dir.path, 'leaf', ca);
    const config = join(dir.path, 'ca.cnf');
    for (const [name, text] of [
      [
        'ca.cnf',
        `[ca]\ndefault_ca=d\n[d]\ndatabase=${dir.path}/index\ncrlnumber=${dir.path}/number\ndefault_md=sha256\n`,
      ],
      ['index', ''],
      ['number', '0100\n'],
    ] as const) {
      writeFileSync(join(dir.path, name), text);
    }
    const common = ['ca', '-config', config, '-cert', ca.cert, '-keyfile', ca.key];
    await run('openssl', [...common, '-revoke', leaf.cert, '-crl_reason', 'superseded']);
    const out = join(dir.path, 'crl.pem');
    await run('openssl', [...common, '-gencrl', '-crldays', '7', '-out', out]);
    const [block = ''] = crlBlocks(readFileSync(out, 'utf8'));
    const read = readCrl(block);
    const { stdout } = await run('openssl', ['x509', '-in', leaf.cert, '-noout', '-serial']);
    assert.deepEqual(
      read.entries.map(({ serial, reason }) => [`serial=${serial}\n`, reason]),
      [[stdout.replace(/=0+/, '='), 4]],
    );
    assert.equal(read.number, 256);
    const days = ((read.nextUpdate?.getTime() ?? 0) - read.thisUpdate.getTime()) / DAY;
    assert.equal(days, 7);
  });
});
