import assert from 'node:assert/strict';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { NfvError } from '../../../src/errors.js';
import type { NvaApi } from '../../../src/model/api.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import type { NvaServiceClient } from '../../../src/rpc/gen/nfv/v1/NvaService.js';
import { loadProtos } from '../../../src/rpc/load.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { StatusCodec } from '../../../src/rpc/status.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL, clientOf, startServer, type TestServer } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { ENDPOINT, NETWORK, NVE, ROUTER, SUBNET } from '../../support/samples.js';

const { protos } = loadProtos();
const codec = new StatusCodec(protos);

const REST = { requestId: '', validateOnly: false };
const spec: VirtualNetworkSpec = { ...NETWORK.spec, bumMode: 'HEAD_END', bumGroup: '' };

describe('unary calls', () => {
  let nva: MemoryNva;
  let server: TestServer;
  let client: NvaClient;

  beforeEach(async () => {
    nva = new MemoryNva();
    server = await startServer(nva);
    client = server.client();
  });
  afterEach(() => server.stop());

  it('create, get, list, update and delete each kind', async () => {
    const network = await client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL);
    assert.deepEqual(network, nva.virtualNetworks.find('blue'));
    const nve = await client.nves.create({ id: 'host-a', spec: NVE.spec, ...REST }, CALL);
    assert.deepEqual(nve, nva.nves.find('host-a'));
    const subnet = await client.subnets.create({ id: 'blue-v4', spec: SUBNET.spec, ...REST }, CALL);
    assert.deepEqual(subnet, nva.subnets.find('blue-v4'));
    const router = await client.routers.create({ id: 'r1', spec: ROUTER.spec, ...REST }, CALL);
    assert.deepEqual(router, nva.routers.find('r1'));
    const endpoint = await client.endpoints.create(
      { id: 'web-1', spec: ENDPOINT.spec, ...REST },
      CALL,
    );
    assert.deepEqual(endpoint, nva.endpoints.find('web-1'));

    assert.deepEqual(await client.virtualNetworks.get('blue', CALL), network);
    const all = { pageSize: 0, pageToken: '', filter: '' };
    assert.deepEqual(await client.nves.list(all, CALL), {
      resources: [nve],
      nextPageToken: '',
      revision: 5,
    });
    assert.deepEqual((await client.subnets.list(all, CALL)).resources, [subnet]);
    assert.deepEqual((await client.routers.list(all, CALL)).resources, [router]);
    assert.deepEqual(await client.subnets.get('blue-v4', CALL), subnet);
    assert.deepEqual(await client.routers.get('r1', CALL), router);

    const changes = { ips: ['10.0.0.99'] };
    const moved = await client.endpoints.update(
      { id: 'web-1', changes, etag: endpoint.meta.etag, validateOnly: false },
      CALL,
    );
    assert.deepEqual(moved.spec, { ...endpoint.spec, ...changes });

    const gone = { etag: '', validateOnly: false };
    await client.endpoints.delete({ id: 'web-1', ...gone }, CALL);
    await client.routers.delete({ id: 'r1', ...gone }, CALL);
    await client.subnets.delete({ id: 'blue-v4', ...gone }, CALL);
    await client.nves.delete({ id: 'host-a', ...gone }, CALL);
    await client.virtualNetworks.delete({ id: 'blue', ...gone }, CALL);
    await client.virtualNetworks.delete({ id: 'blue', ...gone }, CALL);
    assert.deepEqual([nva.virtualNetworks.all, nva.nves.all, nva.endpoints.all], [[], [], []]);
    assert.deepEqual([nva.subnets.all, nva.routers.all], [[], []]);
  });

  it('list page by page, all of one revision', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      const spec = { ...NVE.spec, vtepAddresses: [`10.77.0.${id.charCodeAt(0)}`] };
      await client.nves.create({ id, spec, ...REST }, CALL);
    }
    const ids: string[] = [];
    let pageToken = '';
    do {
      const page = await client.nves.list({ pageSize: 2, pageToken, filter: '' }, CALL);
      assert.equal(page.revision, 5);
      ids.push(...page.resources.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(ids, ['a', 'b', 'c', 'd', 'e']);
  });

  it('send just the fields that change', async () => {
    await client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL);
    const update = { id: 'blue', etag: '', validateOnly: false };
    const changed = await client.virtualNetworks.update(
      { ...update, changes: { arpSuppression: false, labels: {}, mtu: 0 } },
      CALL,
    );
    assert.deepEqual(changed.spec, { ...spec, arpSuppression: false, labels: {} });
    // No change is no request to change everything that is set.
    assert.deepEqual(
      await client.virtualNetworks.update({ ...update, changes: {} }, CALL),
      changed,
    );
    assert.equal(nva.revision, 2);
  });

  it('only validate when told so', async () => {
    await client.virtualNetworks.create(
      { id: 'blue', spec, requestId: '', validateOnly: true },
      CALL,
    );
    assert.deepEqual(nva.virtualNetworks.all, []);
    assert.equal(nva.revision, 0);
  });

  it('answer as the first time to a request id that comes again', async () => {
    const request = { id: 'blue', spec, requestId: 'r-1', validateOnly: false };
    const first = await client.virtualNetworks.create(request, CALL);
    assert.deepEqual(await client.virtualNetworks.create(request, CALL), first);
    await refusedWith(
      'REQUEST_ID_REUSED',
      client.virtualNetworks.create({ ...request, id: 'red' }, CALL),
    );
  });

  describe('that fail', () => {
    it('say field, value, reason and remedy', async () => {
      const bad = { ...spec, vni: 16_777_216, tenant: 'A B' };
      const error = await refusedWith(
        'INVALID_FIELD',
        client.virtualNetworks.create({ id: 'blue', spec: bad, ...REST }, CALL),
      );
      assert.deepEqual(error.violations, [
        {
          field: 'virtual_network.tenant',
          value: 'A B',
          reason: 'not an id',
          remedy: 'give 1-63 characters of a-z, 0-9 and -, a letter first, no - last',
        },
        {
          field: 'virtual_network.vni',
          value: '16777216',
          reason: 'not a VNI',
          remedy: 'give 1-16777215, or leave it out to get one',
        },
      ]);
      assert.equal(nva.revision, 0);
    });

    it('have their code', async () => {
      await refusedWith('NOT_FOUND', client.nves.get('none', CALL));
      await client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL);
      await refusedWith(
        'ALREADY_EXISTS',
        client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL),
      );
      await refusedWith(
        'VNI_IN_USE',
        client.virtualNetworks.create({ id: 'red', spec, ...REST }, CALL),
      );
      await refusedWith(
        'ETAG_MISMATCH',
        client.virtualNetworks.delete({ id: 'blue', etag: 'old', validateOnly: false }, CALL),
      );
      await refusedWith(
        'REVISION_IN_FUTURE',
        client.waitApplied({ revision: 99, timeoutMs: 0 }, CALL),
      );
    });

    it('carry what the NVA could not foresee as INTERNAL', async () => {
      nva.failNext('nves.get', NfvError.from(new TypeError('x is not a function')));
      const error = await refusedWith('INTERNAL', client.nves.get('a', CALL));
      assert.equal(error.message, 'x is not a function');
    });

    it('are told to the log of calls', async () => {
      await refusedWith('NOT_FOUND', client.nves.get('none', CALL));
      assert.deepEqual(
        server.ends.map(({ path, error }) => [path, error?.code]),
        [['/nfv.v1.NvaService/GetNve', 'NOT_FOUND']],
      );
    });

    it('say so when a message is too long to be sent', async () => {
      const long = { ...spec, displayName: 'x'.repeat(5 * 1024 * 1024) };
      await refusedWith(
        'MESSAGE_TOO_LARGE',
        client.virtualNetworks.create({ id: 'blue', spec: long, ...REST }, CALL),
      );
      assert.deepEqual(nva.calls, []);
    });

    it('say so when an answer is too long to be sent', async () => {
      const displayName = 'x'.repeat(120);
      await client.nves.create({ id: 'a', spec: { ...NVE.spec, displayName }, ...REST }, CALL);
      const failure = { key: 'k', code: 'INTERNAL', message: 'x'.repeat(5 * 1024 * 1024) };
      nva.nves.report('a', (nve) => ({ ...nve, status: { ...nve.status, failures: [failure] } }));
      await refusedWith('MESSAGE_TOO_LARGE', client.nves.get('a', CALL));
    });

    it('say which NVA could not be reached', async () => {
      const nobody = clientOf(`${server.target}.none`);
      const error = await refusedWith('NVA_UNREACHABLE', nobody.nves.get('a', CALL));
      const path = `${server.target.slice('unix:'.length)}.none`;
      assert.equal(error.message, `unix:${path}: connect ENOENT ${path}`);
      nobody.close();
    });
  });

  describe('of others', () => {
    // A caller that is not our client may send anything.
    type Done = (error: ServiceError | null) => void;
    const raw = async (start: (caller: NvaServiceClient, done: Done) => unknown): Promise<void> => {
      const options = { 'grpc.max_send_message_length': -1 };
      const { NvaService } = protos.nfv.v1;
      const caller = new NvaService(server.target, credentials.createInsecure(), options);
      try {
        await new Promise<void>((resolve, reject) => {
          start(caller, (error) => {
            if (error === null) resolve();
            else reject(codec.fromServiceError(error, server.target));
          });
        });
      } finally {
        caller.close();
      }
    };

    it('are refused for enum values that there are none of', async () => {
      // virtual_network_id "a", virtual_network { bum_mode: 99 }: no encoder would.
      const bytes = Buffer.from([0x0a, 0x01, 0x61, 0x12, 0x02, 0x38, 0x63]);
      const asIs = (b: Buffer): Buffer => b;
      const path = '/nfv.v1.NvaService/CreateVirtualNetwork';
      const error = await refusedWith(
        'INVALID_FIELD',
        raw((c, done) => c.makeUnaryRequest(path, asIs, asIs, bytes, done)),
      );
      assert.equal(error.message, 'virtual_network.bum_mode: 99: not a value of this enum');
      assert.equal(
        error.remedy,
        'give one of BUM_MODE_HEAD_END, BUM_MODE_MULTICAST, BUM_MODE_NONE',
      );
    });

    it('are refused without what they are about', async () => {
      const error = await refusedWith(
        'INVALID_FIELD',
        raw((c, done) => c.CreateEndpoint({}, done)),
      );
      assert.equal(error.message, 'endpoint: (empty): missing');
    });

    it('are refused for masks of fields that there are none of', async () => {
      await client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL);
      const error = await refusedWith(
        'INVALID_FIELD_MASK',
        raw((c, done) =>
          c.UpdateVirtualNetwork(
            {
              virtual_network: { name: 'virtualNetworks/blue', mtu: 1400 },
              update_mask: { paths: ['mtu', 'effective_mtu'] },
            },
            done,
          ),
        ),
      );
      assert.equal(error.message, 'update_mask: effective_mtu: not a field that can be changed');
      assert.equal(nva.virtualNetworks.find('blue')?.spec.mtu, 0);
    });

    it('change what is set when there is no mask, and all for *', async () => {
      await client.virtualNetworks.create({ id: 'blue', spec, ...REST }, CALL);
      const name = 'virtualNetworks/blue';
      await raw((c, done) =>
        c.UpdateVirtualNetwork({ virtual_network: { name, mtu: 1400, learning: false } }, done),
      );
      assert.deepEqual(nva.virtualNetworks.find('blue')?.spec, { ...spec, mtu: 1400 });
      const { tenant, vni } = spec;
      const virtual_network = { name, tenant, vni };
      await raw((c, done) =>
        c.UpdateVirtualNetwork({ virtual_network, update_mask: { paths: ['*'] } }, done),
      );
      assert.deepEqual(nva.virtualNetworks.find('blue')?.spec, {
        displayName: '',
        tenant,
        vni,
        encapsulation: 'VXLAN',
        mtu: 0,
        bumMode: 'HEAD_END',
        bumGroup: '',
        learning: false,
        arpSuppression: true,
        prefixes: [],
        underlayFamily: 'IPV4',
        driftPolicy: 'DEFAULT',
        labels: {},
      });
    });

    it('are not found under names that are none', async () => {
      for (const name of ['blue', 'nves/blue', 'virtualNetworks/', 'virtualNetworks/Blue', '']) {
        await refusedWith(
          'NOT_FOUND',
          raw((c, done) => c.UpdateVirtualNetwork({ virtual_network: { name, mtu: 1400 } }, done)),
        );
      }
    });

    it('are refused when they are too long', async () => {
      const virtual_network = { display_name: 'x'.repeat(5 * 1024 * 1024) };
      await refusedWith(
        'MESSAGE_TOO_LARGE',
        raw((c, done) => c.CreateVirtualNetwork({ virtual_network }, done)),
      );
      assert.deepEqual(nva.calls, []);
    });

    for (const timeout of [{ seconds: 601 }, { seconds: -1 }, { seconds: 600, nanos: 1_000_000 }]) {
      it(`are refused for a wait of ${JSON.stringify(timeout)}`, async () => {
        const error = await refusedWith(
          'INVALID_FIELD',
          raw((c, done) => c.WaitApplied({ timeout }, done)),
        );
        assert.match(error.message, /^timeout: -?\d+ ms: out of range$/);
      });
    }
  });
});

describe('unary calls that take their time', () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  let stuck: MemoryNva;
  let server: TestServer;
  let aborted: boolean;

  beforeEach(async () => {
    stuck = new MemoryNva();
    aborted = false;
    const api: NvaApi = {
      virtualNetworks: stuck.virtualNetworks,
      endpoints: stuck.endpoints,
      hostProfiles: stuck.hostProfiles,
      changes: stuck.changes,
      subnets: stuck.subnets,
      routers: stuck.routers,
      migrations: stuck.migrations,
      duplicates: stuck.duplicates,
      nves: {
        create: never,
        list: never,
        update: never,
        delete: never,
        get: (_id, { signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          return never();
        },
      },
      watch: (request, call) => stuck.watch(request, call),
      waitApplied: (request, call) => stuck.waitApplied(request, call),
      trace: (request) => stuck.trace(request),
      readCounters: (endpoints) => stuck.readCounters(endpoints),
      observation: stuck.observation,
    };
    server = await startServer(api);
  });
  afterEach(() => server.stop());

  it('end at their deadline, at both ends', async () => {
    await refusedWith('DEADLINE_EXCEEDED', server.client(50).nves.get('a', CALL));
    await eventually(() => aborted);
  });

  it('end when the caller cancels, at both ends', async () => {
    const controller = new AbortController();
    const call = refusedWith('CANCELLED', server.client().nves.get('a', controller));
    await server.client().virtualNetworks.list({ pageSize: 0, pageToken: '', filter: '' }, CALL);
    controller.abort();
    await call;
    await eventually(() => aborted);
  });

  it('fail when the NVA is killed', async () => {
    const client = clientOf(server.target);
    const call = refusedWith('NVA_UNREACHABLE', client.nves.get('a', CALL));
    await client.virtualNetworks.list({ pageSize: 0, pageToken: '', filter: '' }, CALL);
    await server.stop();
    await call;
    client.close();
  });

  it('are not sent when they are cancelled before', async () => {
    const controller = new AbortController();
    controller.abort();
    await refusedWith('CANCELLED', server.client().virtualNetworks.get('a', controller));
    assert.deepEqual(stuck.calls, []);
  });

  it('may wait longer than other calls', async () => {
    const laggard = {
      nve: 'host-a',
      code: 'NVE_PENDING',
      reason: 'still applying',
      appliedRevision: 0,
      failures: [{ key: 'k', code: 'INTERNAL', message: 'm' }],
    };
    stuck.laggards = [laggard];
    const result = await server.client(100).waitApplied({ revision: 0, timeoutMs: 200.5 }, CALL);
    assert.deepEqual(result, { applied: false, revision: 0, laggards: [laggard] });
  });
});
