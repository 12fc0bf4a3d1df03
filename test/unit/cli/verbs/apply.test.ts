import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { Connect } from '../../../../src/cli/host.js';
import { MAX_WANTED } from '../../../../src/model/changes.js';
import { connectTo, type CliOptions } from '../../../support/cli.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';
import { NO_CHANGES } from '../../../support/no-changes.js';

/** A new endpoint on a new NVE in a new network, in the wrong order. */
const NEW = `
apiVersion: nfv/v1
kind: Endpoint
metadata: {name: db-1}
spec: {network: grey, nve: host-c, port: {veth: {netns: db-1}}, ips: [10.9.0.1]}
---
apiVersion: nfv/v1
kind: VirtualNetwork
metadata: {name: grey}
spec: {vni: 300, prefixes: [10.9.0.0/24]}
---
apiVersion: nfv/v1
kind: Nve
metadata: {name: host-c}
spec: {vtepAddresses: [10.77.0.3]}
`;

const nve = (name: string, address: string, metadata = ''): string =>
  `---\napiVersion: nfv/v1\nkind: Nve\nmetadata: {name: ${name}${metadata}}\nspec: {vtepAddresses: [${address}]}\n`;

describe('nfvctl apply', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  const apply = (stdin: string, flags = ''): ReturnType<CliWorld['run']> =>
    world.run(`apply -f -${flags}`, { stdin });

  it('creates in the order that references need; does nothing the second time', async () => {
    assert.deepEqual(await apply(NEW), {
      status: 0,
      out: 'virtualNetworks/grey created\nnves/host-c created\nendpoints/db-1 created\n',
      err: '',
    });
    const { revision } = world.nva;
    const spec = world.nva.endpoints.find('db-1')?.spec;
    assert.deepEqual(await apply(NEW), {
      status: 0,
      out: 'virtualNetworks/grey unchanged\nnves/host-c unchanged\nendpoints/db-1 unchanged\n',
      err: '',
    });
    assert.equal(world.nva.revision, revision);
    // The MAC that the NVA made up stays.
    assert.deepEqual(world.nva.endpoints.find('db-1')?.spec, spec);
  });

  it('leaves out no kind: host profiles are made, changed and checked, too', async () => {
    const profile = (pages: number): string =>
      `apiVersion: nfv/v1\nkind: HostProfile\nmetadata: {name: edge}\nspec:\n  profile: |\n    hugepages:\n      - { size: 2M, node: 0, pages: ${pages} }\n`;
    const name = 'hostProfiles/edge';
    const ran = (out: string): object => ({ status: 0, out: `${name} ${out}\n`, err: '' });
    assert.deepEqual(await apply(profile(64), ' --dry-run'), ran('created (dry run)'));
    assert.deepEqual(await apply(profile(64)), ran('created'));
    assert.deepEqual(await apply(profile(64)), ran('unchanged'));
    assert.deepEqual(await apply(profile(128)), ran('configured'));
    assert.match(world.nva.hostProfiles.find('edge')?.spec.profile ?? '', /pages: 128/);
  });

  it('changes what differs, and puts what is left out back to its default', async () => {
    await apply(NEW);
    await world.run('update network grey --mtu 1400 --label a=b');
    const changed = NEW.replace('[10.9.0.1]', '[10.9.0.2]');
    assert.deepEqual(await apply(changed), {
      status: 0,
      out: 'virtualNetworks/grey configured\nnves/host-c unchanged\nendpoints/db-1 configured\n',
      err: '',
    });
    const grey = world.nva.virtualNetworks.find('grey')?.spec;
    assert.deepEqual([grey?.mtu, grey?.labels], [0, {}]);
    assert.deepEqual(world.nva.endpoints.find('db-1')?.spec.ips, ['10.9.0.2']);
  });

  it('takes what get prints, and leaves everything as it is', async () => {
    await world.nva.nves.update({
      id: 'host-a',
      changes: { nodeUuid: 'bound' },
      etag: '',
      validateOnly: false,
    });
    const { revision } = world.nva;
    for (const format of ['yaml', 'json']) {
      const { out } = await world.run(`get all -o ${format}`);
      const ran = await apply(out);
      assert.deepEqual([ran.status, ran.err], [0, '']);
      assert.equal(ran.out.match(/ unchanged\n/g)?.length, 5);
    }
    assert.equal(world.nva.revision, revision);
  });

  /** Subnets of two networks, a router between them, and an endpoint in each, in the wrong order. */
  const ROUTED = `
apiVersion: nfv/v1
kind: Endpoint
metadata: {name: given}
spec: {network: grey, nve: host-c, port: {veth: {netns: given}}, subnets: [grey-v4]}
---
apiVersion: nfv/v1
kind: Endpoint
metadata: {name: named}
spec: {network: grey, nve: host-c, port: {veth: {netns: named}}, ips: [10.8.0.2], subnets: [grey-v4]}
---
apiVersion: nfv/v1
kind: Router
metadata: {name: r1}
spec: {subnets: [grey-v4, red-v4], routes: [{prefix: 0.0.0.0/0, nextHops: [{address: 10.8.0.2}]}]}
---
apiVersion: nfv/v1
kind: Subnet
metadata: {name: red-v4}
spec: {network: red, prefix: 10.2.0.0/24}
---
apiVersion: nfv/v1
kind: Subnet
metadata: {name: grey-v4}
spec: {network: grey, prefix: 10.8.0.0/24}
`;
  const ORDER = [
    'virtualNetworks/grey',
    'nves/host-c',
    'subnets/red-v4',
    'subnets/grey-v4',
    'routers/r1',
    'endpoints/db-1',
    'endpoints/named',
    'endpoints/given',
  ];
  const said = (what: string): string => ORDER.map((name) => `${name} ${what}\n`).join('');

  it('creates subnets and routers before what needs them; does nothing the second time', async () => {
    const text = `${NEW}---${ROUTED}`;
    assert.deepEqual(await apply(text), { status: 0, out: said('created'), err: '' });
    const { endpoints, subnets, routers, revision } = world.nva;
    assert.equal(subnets.find('grey-v4')?.spec.gateway, '10.8.0.1');
    assert.deepEqual(endpoints.find('named')?.spec.ips, ['10.8.0.2']);
    assert.deepEqual(endpoints.find('given')?.spec.ips, ['10.8.0.3']);
    const vrfId = routers.find('r1')?.spec.vrfId;
    assert.ok(vrfId !== undefined && vrfId > 0);
    assert.deepEqual(await apply(text), { status: 0, out: said('unchanged'), err: '' });
    assert.equal(world.nva.revision, revision);
    // What the NVA chose stays, and each subnet was asked for once for all its endpoints.
    assert.deepEqual(endpoints.find('given')?.spec.ips, ['10.8.0.3']);
    assert.equal(routers.find('r1')?.spec.vrfId, vrfId);
  });

  it('takes addresses away that are named no more, and keeps those in subnets', async () => {
    await apply(`${NEW}---${ROUTED}`);
    await world.run('update endpoint given --ip 10.8.0.3 --ip 10.9.0.7');
    const ran = await apply(`${NEW}---${ROUTED}`);
    assert.match(ran.out, /\nendpoints\/given configured\n$/);
    assert.deepEqual(world.nva.endpoints.find('given')?.spec.ips, ['10.8.0.3']);
    await apply(`${NEW}---${ROUTED.replace(', subnets: [grey-v4]}\n---', '}\n---')}`);
    assert.deepEqual(world.nva.endpoints.find('given')?.spec.ips, []);
  });

  it('checks only, also what needs subnets that are not there yet', async () => {
    const before = world.nva.revision;
    const ran = await apply(`${NEW}---${ROUTED}`, ' --dry-run');
    assert.deepEqual(ran, { status: 0, out: said('created (dry run)'), err: '' });
    assert.equal(world.nva.revision, before);
    // Of endpoints that are there, too.
    await apply(NEW);
    const moved = NEW.replace('[10.9.0.1]', '[10.8.0.9], subnets: [grey-v4]');
    const changed = await apply(`${moved}---${ROUTED}`, ' --dry-run');
    assert.deepEqual([changed.status, changed.err], [0, '']);
    assert.match(changed.out, /\nendpoints\/db-1 configured \(dry run\)\n/);
  });

  it('asks the NVA for subnets that an address may be in', async () => {
    await apply(`${NEW}---${ROUTED}`);
    const inSubnet = NEW.replace('[10.9.0.1]', '[10.8.0.9]');
    assert.deepEqual((await apply(inSubnet)).status, 0);
    assert.deepEqual(world.nva.endpoints.find('db-1')?.spec.ips, ['10.8.0.9']);
    const outside = await apply(NEW.replace('[10.9.0.1]', '[10.7.0.9]'));
    assert.equal(outside.status, 2);
    assert.match(outside.err, /spec\.ips\[0\]: 10\.7\.0\.9: outside the network's prefixes/);
  });

  it('checks only, also what refers to what is not there yet', async () => {
    const before = world.nva.revision;
    assert.deepEqual(await apply(NEW, ' --dry-run --wait'), {
      status: 0,
      out: 'virtualNetworks/grey created (dry run)\nnves/host-c created (dry run)\nendpoints/db-1 created (dry run)\n',
      err: '',
    });
    assert.equal(world.nva.revision, before);
    const taken = await apply(NEW.replace('300', '100'), ' --dry-run');
    assert.equal(taken.status, 4);
    assert.match(taken.err, /virtual_network.vni: 100: already used by virtualNetworks\/blue/);
  });

  it('checks only, and says so where what needs something new is too much for one plan', async () => {
    const plan = (): Promise<never> =>
      Promise.reject(new NfvError('MESSAGE_TOO_LARGE', 'too long'));
    const connect: Connect = (options) => ({
      ...connectTo(world.nva)(options),
      changes: { ...NO_CHANGES, plan },
    });
    const check = (stdin: string, options: CliOptions = {}): ReturnType<CliWorld['run']> =>
      world.run('apply -f - --dry-run', { stdin, ...options });
    const err = 'too much to be checked at once: what needs something new was not checked\n';
    const tooLong = await check(NEW, { connect });
    assert.deepEqual([tooLong.status, tooLong.err], [0, err]);
    const many = Array.from({ length: MAX_WANTED }, (_, i) =>
      nve(`n-${i}`, `10.1.${i >> 8}.${i & 255}`),
    );
    const tooMany = await check(`${NEW}${many.join('')}`);
    assert.deepEqual([tooMany.status, tooMany.err], [0, err]);
  });

  it('waits for the last of its changes', async () => {
    const ran = await apply(NEW, ' --wait');
    assert.equal(ran.status, 0);
    assert.match(ran.out, /\napplied by every NVE at revision 8 after 0ms\n$/);
  });

  it('names who lags', async () => {
    world.nva.laggards = [
      {
        nve: 'host-c',
        code: 'NVE_DISCONNECTED',
        reason: 'never seen',
        appliedRevision: 0,
        failures: [],
      },
    ];
    const running = world.start('apply -f - --wait=2s', { stdin: NEW });
    await settle();
    await world.clock.advance(2000);
    assert.equal(await running.status, 6);
    assert.match(running.err.text, /^error: 1 NVE has not applied revision 8 after 2s\n/);
  });

  it('goes on with the rest, and lists what could not be applied', async () => {
    const text = NEW.replace('[10.77.0.3]', '[10.77.0.1]') + nve('host-d', '10.77.0.4');
    const ran = await apply(text, ' --wait');
    assert.equal(ran.status, 4);
    assert.equal(ran.out, 'virtualNetworks/grey created\nnves/host-d created\n');
    assert.equal(
      ran.err,
      `error: stdin:12: nves/host-c: nve.vtep_addresses: 10.77.0.1: already used by nves/host-a (VTEP_IN_USE)
remedy: give each NVE its own VTEP addresses
error: stdin:2: endpoints/db-1: endpoint.nve: nves/host-c: does not exist (REFERENCE_NOT_FOUND)
remedy: create it first
2 of 4 could not be applied
`,
    );
  });

  it('changes nothing where a manifest is wrong', async () => {
    const before = world.nva.revision;
    const ran = await apply(NEW.replace('vni: 300', 'vni: 0').replace('ips', 'ip'));
    assert.equal(ran.status, 2);
    assert.equal(ran.out, '');
    assert.equal(
      ran.err,
      `error: stdin:5:65: spec.ip: ip: unknown key (MANIFEST_INVALID)
remedy: did you mean "ips"? known: displayName, network, nve, port, mac, ips, subnets, allowedAddresses, adminState
error: stdin:10:13: spec.vni: 0: not a VNI (MANIFEST_INVALID)
remedy: give 1-16777215, or leave it out to get one
`,
    );
    assert.equal(world.nva.revision, before);
    assert.deepEqual(
      world.nva.calls.filter((call) => !call.endsWith('.create')),
      [],
    );
  });

  it('minds the etag of a manifest', async () => {
    const current = await apply(nve('host-a', '10.77.0.9', ', etag: e3, labels: {site: a}'));
    assert.deepEqual([current.status, current.out], [0, 'nves/host-a configured\n']);
    const stale = await apply(nve('host-a', '10.77.0.8', ', etag: e3'));
    assert.equal(stale.status, 4);
    assert.match(
      stale.err,
      /^error: stdin:2: nves\/host-a has changed: its etag is e6 \(ETAG_MISMATCH\)\n/,
    );
    const gone = await apply(nve('host-x', '10.77.0.8', ', etag: e3'));
    assert.equal(gone.status, 4);
    assert.equal(
      gone.err,
      `error: stdin:2: nves/host-x does not exist (ETAG_MISMATCH)
remedy: leave metadata.etag out of the manifest to create it anew
1 of 1 could not be applied
`,
    );
  });

  it('starts anew when a resource changes, comes or goes meanwhile', async () => {
    const { nves } = world.nva;
    world.nva.failNext('nves.update', new NfvError('ETAG_MISMATCH', 'x'), 2);
    const ran = await apply(nve('host-a', '10.77.0.9'));
    assert.deepEqual([ran.status, ran.out], [0, 'nves/host-a configured\n']);
    world.nva.failNext('nves.create', new NfvError('ALREADY_EXISTS', 'x'));
    const created = await apply(nve('host-q', '10.77.0.10'));
    assert.deepEqual([created.status, created.out], [0, 'nves/host-q created\n']);
    assert.deepEqual(nves.find('host-a')?.spec.vtepAddresses, ['10.77.0.9']);
  });

  it('gives up when a resource keeps changing', async () => {
    world.nva.failNext('nves.update', new NfvError('ETAG_MISMATCH', 'changed again'), 9);
    const { status, err } = await apply(nve('host-a', '10.77.0.9'));
    assert.equal(status, 4);
    assert.match(err, /^error: stdin:2: nves\/host-a: changed again \(ETAG_MISMATCH\)\n/);
    assert.equal(world.nva.calls.filter((call) => call === 'nves.update').length, 3);
  });

  it('repeats what may be repeated', async () => {
    world.nva.failNext('nves.get', new NfvError('TOO_MANY_REQUESTS', 'x'));
    world.nva.failNext('nves.create', new NfvError('NVA_UNREACHABLE', 'x'));
    const running = world.start('apply -f -', { stdin: nve('host-q', '10.77.0.10') });
    await settle();
    await world.clock.advance(200);
    await settle();
    await world.clock.advance(200);
    assert.equal(await running.status, 0);
    assert.equal(running.out.text, 'nves/host-q created\n');
  });

  it('repeats an update, also one whose answer was lost, but not what an etag guards', async () => {
    world.nva.failNext('nves.update', new NfvError('NVA_UNREACHABLE', 'x'));
    const refused = world.start('apply -f -', { stdin: nve('host-a', '10.77.0.9') });
    await settle();
    await world.clock.advance(200);
    assert.equal(await refused.status, 0);
    assert.equal(refused.out.text, 'nves/host-a configured\n');

    const { nves } = world.nva;
    const update = nves.update.bind(nves);
    let lost = 0;
    nves.update = async (request) => {
      const answer = await update(request);
      if (lost++ === 0) throw new NfvError('NVA_UNREACHABLE', 'the answer was lost');
      return answer;
    };
    const running = world.start('apply -f -', { stdin: nve('host-a', '10.77.0.10') });
    await settle();
    await world.clock.advance(200);
    assert.equal(await running.status, 0);
    assert.equal(running.out.text, 'nves/host-a configured\n');

    lost = 0;
    const etag = nves.find('host-a')?.meta.etag ?? '';
    const guarded = await apply(nve('host-a', '10.77.0.11', `, etag: ${etag}`));
    assert.equal(guarded.status, 5);
  });

  it('works on many at once, and tells them in order', async () => {
    const { nves } = world.nva;
    let underWay = 0;
    let most = 0;
    const create = nves.create.bind(nves);
    nves.create = async (request) => {
      most = Math.max(most, ++underWay);
      await settle();
      underWay--;
      return create(request);
    };
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const text = names.map((name, i) => nve(name, `10.79.0.${i + 1}`)).join('');
    const { out } = await apply(text);
    assert.equal(out, names.map((name) => `nves/${name} created\n`).join(''));
    assert.equal(most, 32);
  });

  it('stops when the NVA is lost, and says so once', async () => {
    world.nva.failNext('nves.get', new NfvError('NVA_UNREACHABLE', 'gone'), 1000);
    const text = Array.from({ length: 100 }, (_, i) => nve(`n${i}`, `10.79.0.${i + 1}`)).join('');
    const running = world.start('apply -f -', { stdin: text });
    for (let i = 0; i < 4; i++) {
      await settle();
      await world.clock.advance(1600);
    }
    assert.equal(await running.status, 5);
    assert.equal(
      running.err.text,
      `error: stdin:2: nves/n0: gone (NVA_UNREACHABLE)
remedy: check that "nfvd nva" runs and the address is right
100 of 100 could not be applied
`,
    );
    // Of those under way each was tried five times; no other was.
    assert.equal(world.nva.calls.filter((call) => call === 'nves.get').length, 32 * 5);
  });

  it('ends when it is interrupted', async () => {
    world.nva.failNext('nves.get', new NfvError('NVA_UNREACHABLE', 'x'), 9);
    const running = world.start('apply -f -', { stdin: nve('host-q', '10.77.0.10') });
    await settle();
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(running.out.text + running.err.text, '');
  });

  it('needs a file', async () => {
    const ran = await world.run('apply');
    assert.equal(ran.status, 2);
    assert.match(ran.err, /^error: required option '-f, --filename <file>' not specified/);
  });
});
