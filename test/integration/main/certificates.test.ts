/** The daemons with certificates that are renewed and revoked under them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Call } from '../../../src/model/api.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles, type LogLine } from '../../support/daemon.js';
import { LabCa, putFile } from '../../support/lab-ca.js';
import { needNetns, Netns } from '../../support/netns.js';
import { scrape } from '../../support/scrape.js';
import { nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const call: Call = { signal: new AbortController().signal };
const ADDRESS = '127.0.0.1:7443';
/** What docs/operations.md promises, in milliseconds. */
const BOUND = 5000;

describe('nfvd, with certificates', function () {
  this.timeout(40_000);
  let dir: ReturnType<typeof tempDir>;
  let host: Netns;
  let ca: LabCa;
  const daemons: Daemon[] = [];

  before(async function () {
    await needNetns(this);
  });
  beforeEach(async () => {
    dir = tempDir();
    host = await Netns.create();
    await host.ip('link', 'set', 'dev', 'lo', 'up');
    ca = await LabCa.create(dir.path);
  });
  afterEach(async () => {
    const all = daemons.splice(0).reverse();
    for (const daemon of all) await daemon.stop();
    await host.close();
    dir.remove();
    assert.equal(all.map(({ err }) => err).join(''), '');
  });

  const start = async (): Promise<{ readonly nva: Daemon; readonly agent: Daemon }> => {
    const files = new DaemonFiles(dir.path);
    const listen = [
      { address: `unix:${files.socket()}` },
      { address: ADDRESS, tls: await ca.issue('nva') },
    ];
    const nva = await Daemon.start(['nva', '--config', files.nva({ listen })], host);
    daemons.push(nva);
    const client = new NvaClient({
      address: { kind: 'unix', path: files.socket() },
      timeoutMs: 5000,
    });
    const request = { requestId: '', validateOnly: false };
    await client.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    client.close();
    // A list of its own: it hears of the NVA's end later than the NVA of its own.
    const tls = { ...(await ca.issue('nve/host-a')), crl: `${dir.path}/agent-crl.pem` };
    putFile(tls.crl, ca.read('crl.pem'));
    const metrics = { listen: [{ address: `unix:${files.socket('metrics')}` }] };
    const config = files.nve('host-a', { nva: [{ address: ADDRESS, tls }], metrics });
    const agent = await Daemon.start(['nve', '--config', config], host);
    daemons.push(agent);
    await nva.logged('NVE connected');
    return { nva, agent };
  };
  const sessionsOf = ({ lines }: Daemon): string[] =>
    lines.map(({ msg }) => msg).filter((msg) => msg.startsWith('NVE ') && msg !== 'NVA is up');
  const inTime = async (begun: number, line: Promise<LogLine>): Promise<LogLine> => {
    const found = await line;
    assert.ok(performance.now() - begun < BOUND, `after ${performance.now() - begun} ms`);
    return found;
  };

  it('keeps the session of an agent while both ends renew theirs', async () => {
    const { nva, agent } = await start();
    for (const [daemon, name] of [
      [nva, 'nva'],
      [agent, 'nve/host-a'],
    ] as const) {
      const seen = daemon.lines.length;
      const begun = performance.now();
      await ca.pki.renew(name, 30);
      const line = await inTime(begun, daemon.logged('certificate in use', seen));
      assert.equal(line['days'], 29);
    }
    assert.deepEqual(sessionsOf(nva), ['NVE connected']);
    const page = await scrape(new DaemonFiles(dir.path).socket('metrics'));
    const name = 'nfvd_certificate_expiry_timestamp_seconds';
    const [end = 0] = page.get(name)?.samples.map(({ value }) => value) ?? [];
    const days = (end - Date.now() / 1000) / 86_400;
    assert.ok(days > 29 && days < 30, `${days} days are left`);
    // The next session is by the new ones, since the old ones are revoked.
    const [serial = ''] = (await ca.pki.list())
      .filter(
        ({ name, notAfter }) =>
          name === 'nve-host-a' && notAfter.getTime() > Date.now() + 60 * 86_400_000,
      )
      .map((one) => one.serial);
    assert.ok(serial !== '');
    await agent.stop();
    daemons.pop();
    const seen = nva.lines.length;
    await ca.revoke(serial);
    const again = await Daemon.start(['nve', '--config', `${dir.path}/host-a.yaml`], host);
    daemons.push(again);
    await nva.logged('NVE connected', seen);
  });

  it('refuses a certificate without its key, and goes on', async () => {
    const { nva } = await start();
    const other = await ca.pki.issue({
      ...{ identity: 'nva', name: 'other', dns: [], ips: ['127.0.0.1'], days: 30 },
    });
    putFile(ca.path('certs/nva.pem'), readFileSync(other.cert, 'utf8'));
    const line = await nva.logged('new certificates refused; the old ones stay');
    assert.match(String(line['error']), /key values mismatch/);
    assert.deepEqual(sessionsOf(nva), ['NVE connected']);
  });

  it('ends the session of an agent that is revoked, in time, and takes it no more', async () => {
    const { nva, agent } = await start();
    const begun = performance.now();
    await ca.revoke('nve/host-a');
    const ended = await inTime(begun, nva.logged('NVE session ended'));
    assert.match(String(ended['error']), /the certificate of this connection has been revoked/);
    await agent.logged((line) => line['code'] === 'NVA_UNREACHABLE');
    assert.deepEqual(sessionsOf(nva), ['NVE connected', 'NVE session ended']);
  });

  it('ends the session of an agent whose NVA is revoked, in time', async () => {
    const { agent } = await start();
    await ca.revoke('nva');
    const begun = performance.now();
    putFile(`${dir.path}/agent-crl.pem`, ca.read('crl.pem'));
    const line = await inTime(
      begun,
      agent.logged((each) => each['code'] === 'ACCESS_DENIED'),
    );
    assert.match(String(line['error']), /the certificate of 127\.0\.0\.1:7443 has been revoked/);
  });
});
