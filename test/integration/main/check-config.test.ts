import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { DaemonFiles, nfvd, NFVD } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { IntermediateCa } from '../../support/intermediate-ca.js';
import { LabCa, putFile } from '../../support/lab-ca.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { tempDir } from '../../support/temp-dir.js';

interface Row {
  readonly title: string;
  readonly text: string;
  /** LINE:COLUMN: PATH of each fault. */
  readonly faults: readonly string[];
}

/** A store of several replicas. */
const ETCD = 'store: { kind: etcd, endpoints: ["127.0.0.1:2379"] }';

const BAD_NVA: readonly Row[] = [
  {
    title: 'every kind of wrong key and value at once',
    text: [
      'dataDirectory: /var/lib/nfvd',
      'maxStoreBytes: 1000',
      'listen:',
      '  - address: 0.0.0.0:7443',
      '  - address: localhost',
      '    tls: { ca: ca.pem, cert: /c.pem, keys: /k.pem }',
      'vniRange: { min: 10, max: 9 }',
      'keepRevisions: "many"',
      'log: { level: loud }',
    ].join('\n'),
    faults: [
      '1:1: dataDirectory',
      '2:16: maxStoreBytes',
      '4:14: listen[0].address',
      '5:14: listen[1].address',
      '6:5: listen[1].tls.key',
      '6:16: listen[1].tls.ca',
      '6:38: listen[1].tls.keys',
      '7:11: vniRange',
      '8:16: keepRevisions',
      '9:15: log.level',
    ],
  },
  { title: 'no listener', text: 'listen: []', faults: ['1:9: listen'] },
  {
    title: 'etcd without a member',
    text: 'store: { kind: etcd }',
    faults: ['1:1: store.endpoints'],
  },
  {
    title: 'etcd elsewhere without TLS',
    text: 'store: { kind: etcd, endpoints: ["192.0.2.1:2379"] }',
    faults: ['1:33: store.endpoints'],
  },
  {
    title: 'wrong keys and values about etcd',
    text: [
      'store:',
      '  kind: zookeeper',
      '  endpoints: [localhost]',
      '  prefix: ""',
      '  maxTxnOps: 12',
      '  tls: { ca: /ca.pem, cert: /c.pem }',
      '  user: { name: nfvd, password: secret }',
    ].join('\n'),
    faults: [
      '2:9: store.kind',
      '3:15: store.endpoints[0]',
      '4:11: store.prefix',
      '5:14: store.maxTxnOps',
      '6:29: store.tls.cert',
      '7:3: store.user.passwordFile',
      '7:23: store.user.password',
    ],
  },
  {
    title: 'another host that asks, without TLS',
    text: `peer: { advertise: "192.0.2.1:4433" }\n${ETCD}`,
    faults: ['1:20: peer.advertise'],
  },
  {
    title: 'no port for who asks',
    text: `peer: { advertise: "127.0.0.1:0", tsl: {} }\n${ETCD}`,
    faults: ['1:20: peer.advertise', '1:35: peer.tsl'],
  },
  {
    title: 'another replica, and the store embedded',
    text: 'keepRevisions: 2000\npeer: { advertise: "127.0.0.1:7443" }',
    faults: ['2:7: peer'],
  },
  {
    title: 'members of etcd, and the store embedded',
    text: 'store: { endpoints: ["127.0.0.1:2379"] }',
    faults: ['1:21: store.endpoints'],
  },
  { title: 'a list', text: '- a', faults: ['1:1: ["a"]'] },
];

const BAD_NVE: readonly Row[] = [
  { title: 'no name', text: 'log: {}', faults: ['1:1: name'] },
  {
    title: 'wrong keys and values at every depth',
    text: [
      'name: Host A',
      'statedir: /x',
      'nva: [{ adress: "unix:/x" }]',
      'dataplane: vpp9',
      'drift: { interval: 1d, polcy: repair }',
    ].join('\n'),
    faults: [
      '1:7: name',
      '2:1: statedir',
      '3:7: nva[0].address',
      '3:9: nva[0].adress',
      '4:12: dataplane',
      '5:20: drift.interval',
      '5:24: drift.polcy',
    ],
  },
];

describe('nfvd --check-config', function () {
  this.timeout(30_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;

  beforeEach(() => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
  });
  afterEach(() => {
    dir.remove();
  });

  for (const [daemon, config, state] of [
    ['nva', () => files.nva(), 'data'],
    ['nve', () => files.nve('host-a'), 'host-a'],
  ] as const) {
    it(`finds nothing wrong with a good configuration of the ${daemon}, and does nothing`, async () => {
      const path = config();
      const ran = await nfvd([daemon, '--check-config', '--config', path]);
      assert.deepEqual(ran, { code: 0, stdout: `${path}: ok\n`, stderr: '' });
      await assert.rejects(access(files.stateOf(state)), 'no state was made');
    });

    it(`says that it cannot read the ${daemon}'s`, async () => {
      const { code, stderr } = await nfvd([daemon, '--check-config', '-c', '/nonexistent/x.yaml']);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: \/nonexistent\/x\.yaml: ENOENT.* \(FILE_UNREADABLE\)\nremedy: /,
      );
    });
  }

  for (const [daemon, rows] of [
    ['nva', BAD_NVA],
    ['nve', BAD_NVE],
  ] as const) {
    for (const { title, text, faults } of rows) {
      it(`names what is wrong in a configuration of the ${daemon} with ${title}`, async () => {
        const path = files.writeText(daemon, text);
        for (const check of [['--check-config'], []]) {
          const { code, stdout, stderr } = await nfvd([daemon, ...check, '--config', path]);
          assert.equal(code, 2);
          assert.equal(stdout, '');
          const lines = stderr.split('\n').filter((line) => line.startsWith('error: '));
          assert.deepEqual(
            lines.map((line) => line.slice(`error: ${path}:`.length).replace(/(: .*?):.*/, '$1')),
            faults,
          );
          assert.ok(lines.every((line) => line.endsWith(' (CONFIG_INVALID)')));
          assert.equal(stderr.match(/^remedy: ./gm)?.length, faults.length);
        }
      });
    }
  }

  /** The daemons, of which one listens with these files and the other connects: all is well but for that. */
  async function bothWarn(tls: TlsFiles, said: RegExp): Promise<void> {
    const entry = { address: '127.0.0.1:7443', tls };
    for (const [daemon, path] of [
      ['nva', files.nva({ listen: [entry] })],
      ['nve', files.nve('host-a', { nva: [entry] })],
    ] as const) {
      const { code, stdout, stderr } = await nfvd([daemon, '--check-config', '--config', path]);
      assert.deepEqual([code, stdout], [0, `${path}: ok\n`]);
      assert.match(stderr, said);
    }
  }

  it('warns of a certificate that is not good now', async function () {
    await needOpenssl(this);
    const ca = await authority(files.path, 'ca');
    const tls = await certificate(files.path, 'old', ca, { expired: true });
    await bothWarn(tls, /^warning: \S+old\.pem: it is good from \S+Z to \S+Z, and not now\n$/);
  });

  it("warns of the store's certificate that is not good now", async function () {
    await needOpenssl(this);
    const ca = await authority(files.path, 'ca');
    const { cert, key } = await certificate(files.path, 'old', ca, { expired: true });
    const store = { kind: 'etcd', endpoints: ['127.0.0.1:2379'] };
    for (const [tls, said] of [
      [
        { ca: ca.cert, cert, key },
        /^warning: \S+old\.pem: it is good from \S+ to \S+, and not now\n$/,
      ],
      [{ ca: ca.cert }, /^$/],
    ] as const) {
      const path = files.nva({ store: { ...store, tls } });
      const { code, stdout, stderr } = await nfvd(['nva', '--check-config', '--config', path]);
      assert.deepEqual([code, stdout], [0, `${path}: ok\n`]);
      assert.match(stderr, said);
    }
  });

  it('warns of a revocation list that has ended', async () => {
    const DAY_MS = 86_400_000;
    const ca = await LabCa.create(files.path, 'pki', () => Date.now() - 11 * DAY_MS, 10);
    const later = await LabCa.create(files.path, 'later');
    const tls = { ...(await later.issue('nva')), crl: ca.path('crl.pem') };
    putFile(later.path('ca.pem'), ca.read('ca.pem'));
    await bothWarn(tls, /^warning: \S+crl\.pem: it has ended, \S+Z: nobody is taken by it\n$/);
  });

  it('warns of a revocation list that is missing of a CA above our certificate', async function () {
    await needOpenssl(this);
    const mid = await IntermediateCa.create(files.path);
    const tls = await mid.issue('below');
    const said =
      /^warning: \S+root\.crl: it has no revocation list of the CA "CN=mid": nobody below it is taken\n$/;
    await bothWarn({ ...tls, crl: mid.rootList }, said);
    await bothWarn({ ...tls, crl: mid.bothLists }, /^$/);
  });

  it('says that the audit log cannot be written to, and makes none', async () => {
    const check = (file: string): ReturnType<typeof nfvd> =>
      nfvd(['nva', '--check-config', '--config', files.nva({ audit: { file } })]);
    const nowhere = join(dir.path, 'none', 'audit.log');
    const { code, stdout, stderr } = await check(nowhere);
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(stderr.startsWith(`error: ${nowhere}: ENOENT`), stderr);
    assert.match(stderr, / \(FILE_UNREADABLE\)\nremedy: see that its directory is there, /);
    // That one the NVA makes first.
    const file = join(files.stateOf('data'), 'audit.log');
    assert.equal((await check(file)).code, 0);
    await assert.rejects(access(file));
  });

  it('ends quietly when nobody reads what it says, and tells when it cannot be written', async () => {
    const path = files.writeText('nva', 'listen: [{ address: "unix:/run/nva.sock" }]');
    const check = [NFVD, 'nva', '--check-config', '--config', path];
    const unread = spawn(process.execPath, check, { stdio: ['ignore', 'pipe', 'pipe'] });
    unread.stdout.destroy();
    const said = await text(unread.stderr);
    await eventually(() => unread.exitCode !== null);
    assert.deepEqual([unread.exitCode, said], [0, '']);
    const disk = openSync('/dev/full', 'w');
    const full = spawn(process.execPath, check, { stdio: ['ignore', disk, 'pipe'] });
    closeSync(disk);
    const error = await text(full.stderr ?? assert.fail());
    await eventually(() => full.exitCode !== null);
    assert.equal(full.exitCode, 1);
    assert.match(error, /^error: stdout: ENOSPC.*\(OUTPUT_FAILED\)\nremedy: /);
  });

  it('exits with 2 for a file that is far too long', async () => {
    const path = files.writeText('nva', '#'.repeat(300_000));
    const { code, stderr } = await nfvd(['nva', '--check-config', '--config', path]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: .*: 300000 bytes: too large \(MESSAGE_TOO_LARGE\)\nremedy: /);
  });

  for (const args of [['--nonsense'], ['nve', 'plan', '-o', 'yaml'], ['nve', 'bogus'], []]) {
    it(`exits with 2 for the arguments "${args.join(' ')}"`, async () => {
      const { code, stdout, stderr } = await nfvd(args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.notEqual(stderr, '');
    });
  }

  for (const args of [['--help'], ['--version'], ['nve', '--help'], ['nve', 'plan', '--help']]) {
    it(`answers ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await nfvd(args);
      assert.equal(code, 0);
      assert.notEqual(stdout, '');
      assert.equal(stderr, '');
    });
  }
});
