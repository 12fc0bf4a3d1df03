import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOOK_MS, TlsKeeper, type TlsSource } from '../../../src/rpc/tls-keeper.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import type { Clock } from '../../../src/model/clock.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { LabCa, putFile } from '../../support/lab-ca.js';
import { tempDir } from '../../support/temp-dir.js';

const DAY = 86_400_000;

describe('TlsKeeper', function () {
  this.timeout(20_000);
  let dir: ReturnType<typeof tempDir>;
  let clock: FakeClock;
  let ca: LabCa;
  let events: string[];
  let keeper: TlsKeeper;
  let files: TlsFiles;

  beforeEach(async () => {
    dir = tempDir();
    clock = new FakeClock();
    ca = await LabCa.create(dir.path, 'ca', () => clock.now());
    events = [];
    keeper = keeperWith(clock);
    // A copy of its own, so that the CA can go on.
    const made = await ca.issue('nve/host-a');
    mkdirSync(join(dir.path, 'tls'));
    files = inFolder(join(dir.path, 'tls'), { ca: 'ca', cert: 'cert', key: 'key', crl: 'crl' });
    copyAll(made, files);
  });
  afterEach(async () => {
    await keeper.close();
    dir.remove();
  });

  const keeperWith = (its: Clock): TlsKeeper =>
    new TlsKeeper({
      clock: its,
      events: {
        loaded: (_files, { notAfter }) => events.push(`loaded ${notAfter.toISOString()}`),
        refused: (_files, { message }) => events.push(`refused ${message}`),
        ending: (what, path, until) => events.push(`${what} ${path} ${until.toISOString()}`),
        ended: (what, path) => events.push(`ended: ${what} ${path}`),
        peerRefused: (_files, peer, reason, peers) => events.push(`${peer} ${reason} ${peers}`),
      },
    });
  /** A look at the files, from its beginning to its end. */
  const look = async (): Promise<void> => {
    await clock.advance(LOOK_MS);
    await eventually(() => clock.pending === 1);
  };
  const kept = (): TlsSource => {
    const source = keeper.keep(files);
    events = [];
    return source;
  };
  const isOf = (source: TlsSource, path: string): boolean =>
    String(source.current.context.cert) === readFileSync(path, 'utf8');

  it('uses what is put in place of the files, and says so', async () => {
    const source = kept();
    let changes = 0;
    const stop = source.onChange(() => changes++);
    await look();
    assert.deepEqual([events, changes], [[], 0]);
    const next = await ca.issue('nve/host-a', 'next', 30);
    putFile(files.key, readFileSync(next.key, 'utf8'));
    putFile(files.cert, readFileSync(next.cert, 'utf8'));
    await look();
    assert.ok(isOf(source, next.cert));
    assert.deepEqual([events.length, changes], [1, 1]);
    assert.match(events[0] ?? '', /^loaded 2026-01-31T00:00:0/);
    stop();
    await ca.revoke('next');
    putFile(files.crl ?? '', ca.read('crl.pem'));
    await look();
    assert.deepEqual([events.length, changes], [2, 1]);
  });

  it('follows a symbolic link that is swapped, as the kubelet does it', async () => {
    const next = await ca.issue('nve/host-a', 'next');
    mkdirSync(join(dir.path, 'v1'));
    mkdirSync(join(dir.path, 'v2'));
    const [v1, v2, shown] = ['v1', 'v2', '..data'].map((name) =>
      inFolder(join(dir.path, name), { ca: 'ca', cert: 'cert', key: 'key' }),
    );
    assert.ok(v1 && v2 && shown);
    copyAll(files, v1);
    copyAll(next, v2);
    symlinkSync('v1', join(dir.path, '..data'));
    files = shown;
    const source = kept();
    await look();
    symlinkSync('v2', join(dir.path, '..next'));
    renameSync(join(dir.path, '..next'), join(dir.path, '..data'));
    await look();
    assert.ok(isOf(source, next.cert));
    assert.equal(events.length, 1);
  });

  it('keeps what it has until a certificate and its key belong together', async () => {
    const source = kept();
    const before = readFileSync(files.cert, 'utf8');
    const next = await ca.issue('nve/host-a', 'next');
    putFile(files.cert, readFileSync(next.cert, 'utf8'));
    for (let i = 0; i < 3; i++) await look();
    assert.equal(String(source.current.context.cert), before);
    assert.equal(events.length, 1);
    assert.match(events[0] ?? '', /^refused .*key values mismatch/);
    putFile(files.key, readFileSync(next.key, 'utf8'));
    await look();
    assert.ok(isOf(source, next.cert));
    assert.match(events[1] ?? '', /^loaded /);
  });

  const FAULTS: readonly (readonly [
    what: string,
    change: (files: TlsFiles, other: LabCa) => void,
    said: RegExp,
  ])[] = [
    [
      'a certificate that is gone',
      ({ cert }) => {
        rmSync(cert);
      },
      /cert: ENOENT/,
    ],
    [
      'an empty certificate',
      ({ cert }) => {
        putFile(cert, '');
      },
      /cert: there is no certificate in it/,
    ],
    ['half a certificate', half('cert'), /cert: there is no certificate in it/],
    ['half a key', half('key'), /tls\/key: .*(DECODER|PEM) routines/],
    [
      'a key of another kind than the certificate',
      ({ key }) => {
        const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
        putFile(key, String(pair.privateKey.export({ type: 'pkcs1', format: 'pem' })));
      },
      /tls\/key: the certificate is of another key/,
    ],
    ...(['pkcs8', 'sec1'] as const).map(
      (type) =>
        [
          `an encrypted key (${type})`,
          ({ key }: TlsFiles) => {
            const cipher = { cipher: 'aes-256-cbc', passphrase: 'secret' };
            const ours = createPrivateKey(readFileSync(key));
            putFile(key, String(ours.export({ type, format: 'pem', ...cipher })));
          },
          /tls\/key: the key is encrypted/,
        ] as const,
    ),
    ['half a revocation list', half('crl'), /crl: it is cut short/],
    [
      'a bundle of CAs whose second is half',
      ({ ca }) => {
        putFile(ca, readFileSync(ca, 'utf8') + readFileSync(ca, 'utf8').slice(0, 300));
      },
      /ca: it is cut short/,
    ],
    [
      'a CA without a revocation list',
      ({ ca }, other) => {
        putFile(ca, readFileSync(ca, 'utf8') + other.read('ca.pem'));
      },
      /crl: it has no revocation list of the CA "CN=nfvd CA other\.example"/,
    ],
    [
      'a certificate for a list',
      ({ ca, crl }) => {
        putFile(crl ?? '', readFileSync(ca, 'utf8'));
      },
      /crl: it is cut short/,
    ],
    [
      'a file that is too large',
      ({ crl }) => {
        writeFileSync(crl ?? '', Buffer.alloc(5e6));
      },
      /crl has 5000000 bytes/,
    ],
  ];
  for (const [what, change, said] of FAULTS) {
    it(`refuses ${what}, says so once, and keeps what it has`, async () => {
      const source = kept();
      const before = source.current;
      const other = await otherCa();
      change(files, other);
      for (let i = 0; i < 3; i++) await look();
      assert.equal(source.current, before);
      assert.equal(events.length, 1, events.join('\n'));
      assert.match(events[0] ?? '', said);
    });
  }

  const otherCa = async (): Promise<LabCa> => {
    const other = await LabCa.create(dir.path, 'other', () => clock.now());
    rmSync(other.directory, { recursive: true });
    await other.pki.init({ trustDomain: 'other.example', days: 10 });
    return other;
  };

  it('takes no certificate before its time in place of one that is good', async () => {
    const source = kept();
    const before = source.current;
    const later = await LabCa.create(dir.path, 'later', () => clock.now() + 10 * DAY);
    copyAll(await later.issue('nve/host-a'), files);
    await look();
    assert.equal(source.current, before);
    assert.match(events.join(), /^refused .*cert: it is good from 2026-01-10T23:55:00\.000Z to /);
    await clock.advance(10 * DAY);
    await look();
    assert.notEqual(source.current, before);
    assert.match(events.at(-1) ?? '', /^loaded/);
  });

  it('warns once a day when less than a third of the time is left', async () => {
    kept();
    await clock.advance(59 * DAY);
    await eventually(() => clock.pending === 1);
    await look();
    assert.deepEqual(events, []);
    await clock.advance(DAY);
    await eventually(() => clock.pending === 1);
    await look();
    const warning = `certificate ${files.cert} 2026-04-01T00:00:00.000Z`;
    assert.deepEqual(events, [warning]);
    await clock.advance(DAY);
    await eventually(() => clock.pending === 1);
    await look();
    assert.deepEqual(events, [warning, warning]);
  });

  it('tells the end of a certificate and of a list when it comes, each day from then on, and not that it nears', async () => {
    rmSync(ca.directory, { recursive: true });
    await ca.pki.init({ trustDomain: 'short.example', days: 10 });
    copyAll(await ca.issue('nve/host-a', 'short', 9), files);
    // One look at each time, and none on the way there.
    let now = clock.now();
    let due: (() => void) | undefined;
    keeper = keeperWith({
      now: () => now,
      monotonic: () => now,
      after(_ms, callback) {
        due = callback;
        return () => undefined;
      },
    });
    const until = kept().current.notAfter.getTime();
    const toldAt = async (time: number): Promise<string[]> => {
      events = [];
      now = time;
      const look = due;
      due = undefined;
      look?.();
      await eventually(() => due !== undefined);
      return events.map((event) => event.replace(/ \S+Z$/, ''));
    };
    const [cert, list] = [`certificate ${files.cert}`, `revocation list ${files.crl ?? ''}`];
    assert.deepEqual(await toldAt(until - DAY / 3), [cert, list]);
    assert.deepEqual(await toldAt(until - 1), []);
    assert.deepEqual(await toldAt(until), [`ended: ${cert}`]);
    assert.deepEqual(await toldAt(until + (2 / 3) * DAY), [list]);
    assert.deepEqual(await toldAt(until + DAY - 1), []);
    assert.deepEqual(await toldAt(until + DAY), [`ended: ${cert}`, `ended: ${list}`]);
  });

  it('knows a revoked certificate by its CA and serial number', async () => {
    const source = kept();
    const other = await otherCa();
    const [mine, theirs] = [await ca.issue('user/a'), await other.issue('user/a')];
    const raw = (path: string): Buffer => new X509Certificate(readFileSync(path)).raw;
    await ca.revoke('user/a');
    await other.revoke('user/a');
    assert.ok(!source.current.isRevoked(raw(mine.cert)));
    putFile(files.crl ?? '', ca.read('crl.pem'));
    await look();
    assert.ok(source.current.isRevoked(raw(mine.cert)));
    assert.ok(!source.current.isRevoked(raw(theirs.cert)));
    putFile(files.crl ?? '', ca.read('crl.pem') + other.read('crl.pem'));
    await look();
    assert.ok(source.current.isRevoked(raw(theirs.cert)));
  });

  it('tells of peers that are not taken once a minute for each reason, and how many they were', async () => {
    const source = kept();
    for (const port of [1, 2, 3]) source.peerRefused(`192.0.2.1:${port}`, 'CERT_REVOKED');
    source.peerRefused('192.0.2.1:4', 'CERT_HAS_EXPIRED');
    await clock.advance(59_999);
    source.peerRefused('192.0.2.1:5', 'CERT_REVOKED');
    await clock.advance(1);
    source.peerRefused('192.0.2.1:6', 'CERT_REVOKED');
    assert.deepEqual(events, [
      '192.0.2.1:1 CERT_REVOKED 1',
      '192.0.2.1:4 CERT_HAS_EXPIRED 1',
      '192.0.2.1:6 CERT_REVOKED 4',
    ]);
  });

  it('keeps each set of files once, and tells how long they are good', () => {
    assert.equal(keeper.keep(files), keeper.keep({ ...files }));
    assert.deepEqual(
      [...keeper.validity()],
      [{ cert: files.cert, notAfter: new Date(clock.now() + 90 * DAY) }],
    );
  });
});

function half(which: 'cert' | 'key' | 'crl'): (files: TlsFiles) => void {
  return (files) => {
    const path = files[which] ?? '';
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.length / 2));
  };
}

function inFolder(folder: string, { ca, cert, key, crl }: TlsFiles): TlsFiles {
  const at = (name: string): string => join(folder, name);
  return { ca: at(ca), cert: at(cert), key: at(key), ...(crl !== undefined && { crl: at(crl) }) };
}

function copyAll(from: TlsFiles, to: TlsFiles): void {
  for (const [source, target] of [
    [from.ca, to.ca],
    [from.cert, to.cert],
    [from.key, to.key],
    [from.crl ?? '', to.crl ?? ''],
  ] as const) {
    if (target !== '') putFile(target, readFileSync(source, 'utf8'));
  }
}
