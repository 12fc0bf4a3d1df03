import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Manifest } from '../../../../src/cli/manifest/schema.js';
import { toDesired } from '../../../../src/cli/manifest/to-desired.js';
import { toBareManifest, toManifest } from '../../../../src/cli/manifest/to-manifest.js';
import { toYaml } from '../../../../src/cli/render.js';
import type { Resource } from '../../../../src/model/api.js';
import { checkEndpoint } from '../../../../src/model/endpoint.js';
import { checkNve } from '../../../../src/model/nve.js';
import { NETWORK_DRIFT_POLICIES } from '../../../../src/model/drift-policy.js';
import { checkRouter } from '../../../../src/model/router.js';
import { checkSubnet, FIRST_ADDRESS } from '../../../../src/model/subnet.js';
import {
  checkVirtualNetwork,
  PROVIDER_DEFAULTS,
  type VirtualNetworkSpec,
} from '../../../../src/model/virtual-network.js';
import { parseYaml } from '../../../../src/model/yaml.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  NETWORK,
  NVE,
  ROUTER,
  SUBNET,
} from '../../../support/samples.js';
import { VPP_PORTS } from '../../../support/vpp-port-samples.js';

async function back(resource: Resource): Promise<unknown> {
  const text = toYaml(toManifest(resource));
  const options = { file: 'x', code: 'MANIFEST_INVALID', maxBytes: 1_000_000 } as const;
  const manifest = parseYaml(text, Manifest, options);
  assert.ok(manifest.kind !== 'List');
  const [desired] = await toDesired([{ manifest, place: 'x:1', where: () => 'x:1' }]);
  assert.equal(desired?.etag, resource.meta.etag);
  assert.equal(desired.id, resource.id);
  return desired.spec;
}

describe('toManifest', () => {
  for (const resource of [NETWORK, SUBNET, ROUTER, ENDPOINT, FAILED_ENDPOINT]) {
    it(`can be applied again: ${resource.kind} ${resource.id}`, async () => {
      assert.deepEqual(await back(resource), resource.spec);
    });
  }

  it('can be applied again, without the identity: Nve', async () => {
    assert.deepEqual(await back(NVE), { ...NVE.spec, nodeUuid: '' });
  });

  it('says nothing of what is empty', () => {
    const network = {
      ...NETWORK,
      spec: { ...NETWORK.spec, vni: 0, displayName: '', bumGroup: '', labels: {} },
    };
    assert.deepEqual(toBareManifest(network), {
      apiVersion: 'nfv/v1',
      kind: 'VirtualNetwork',
      metadata: { name: 'blue' },
      spec: {
        tenant: 'acme',
        encapsulation: 'VXLAN',
        mtu: 0,
        bumMode: 'MULTICAST',
        learning: false,
        arpSuppression: true,
        prefixes: ['10.0.0.0/24', 'fd00::/64'],
        underlayFamily: 'IPV4',
        driftPolicy: 'REPORT',
      },
    });
  });
});

describe('toManifest, of any resource', () => {
  const id = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const displayName = fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter((text) => !/\p{Cc}/u.test(text) && text.length <= 120);
  const labels = fc.dictionary(id, fc.stringMatching(/^([A-Za-z0-9][A-Za-z0-9._-]{0,8}[a-z])?$/), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  const byte = fc.integer({ min: 1, max: 254 });

  it('can be applied again: networks', async () => {
    const spec = fc.record(
      {
        displayName,
        labels,
        tenant: id,
        vni: fc.integer({ min: 1, max: 0xffffff }),
        encapsulation: fc.constant('VXLAN' as const),
        mtu: fc.oneof(fc.constant(0), fc.integer({ min: 1280, max: 9216 })),
        bumMode: fc.constantFrom('HEAD_END' as const, 'NONE' as const),
        bumGroup: fc.constant(''),
        learning: fc.boolean(),
        arpSuppression: fc.boolean(),
        prefixes: fc.uniqueArray(
          byte.map((b) => `10.${b}.0.0/16`),
          { maxLength: 4 },
        ),
        underlayFamily: fc.constantFrom('IPV4' as const, 'IPV6' as const),
        driftPolicy: fc.constantFrom(...NETWORK_DRIFT_POLICIES),
      },
      { noNullPrototype: true },
    );
    const vlans = fc.option(fc.integer({ min: 0, max: 4094 }), { nil: undefined });
    const providerOf = (vlan: number): Partial<VirtualNetworkSpec> => ({
      ...PROVIDER_DEFAULTS,
      ...{ bumMode: 'HEAD_END', underlayFamily: 'IPV4', provider: { uplink: 'physnet1', vlan } },
    });
    await fc.assert(
      fc.asyncProperty(id, spec, vlans, async (name, given, vlan) => {
        const physical = vlan === undefined ? given : { ...given, ...providerOf(vlan) };
        const network = { ...NETWORK, id: name, spec: checkVirtualNetwork(physical) };
        assert.deepEqual(await back(network), network.spec);
      }),
    );
  });

  it('can be applied again: NVEs', async () => {
    const spec = fc.record(
      {
        displayName,
        labels,
        vtepAddresses: fc.uniqueArray(
          byte.map((b) => `fd77::${b.toString(16)}`),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        nodeUuid: fc.constant(''),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(id, spec, async (name, given) => {
        const nve = { ...NVE, id: name, spec: checkNve(given) };
        assert.deepEqual(await back(nve), nve.spec);
      }),
    );
  });

  it('can be applied again: subnets', async () => {
    const spec = fc.record(
      {
        displayName,
        labels,
        network: id,
        prefix: fc.constant('10.0.0.0/24'),
        gateway: fc.oneof(
          fc.constantFrom('', FIRST_ADDRESS),
          byte.map((b) => `10.0.0.${b}`),
        ),
        pools: fc.uniqueArray(
          fc
            .integer({ min: 0, max: 31 })
            .map((n) => ({ first: `10.0.0.${8 * n}`, last: `10.0.0.${8 * n + 7}` })),
          { maxLength: 4, selector: ({ first }) => first },
        ),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(id, spec, async (name, given) => {
        const subnet = { ...SUBNET, id: name, spec: checkSubnet(given) };
        assert.deepEqual(await back(subnet), subnet.spec);
      }),
    );
  });

  it('can be applied again: routers', async () => {
    const nextHops = fc.uniqueArray(
      fc.record({
        address: byte.map((b) => `10.0.0.${b}`),
        weight: fc.integer({ min: 1, max: 255 }),
      }),
      { minLength: 1, maxLength: 4, selector: ({ address }) => address },
    );
    const prefix = byte.map((b) => `10.${b}.0.0/16`);
    const route = fc.oneof(
      fc.record({ prefix, nextHops, drop: fc.constant(false) }),
      fc.record({ prefix, nextHops: fc.constant([]), drop: fc.constant(true) }),
    );
    const gateway = fc.record(
      { nve: id, address: byte.map((b) => `10.9.0.${b}`) },
      { noNullPrototype: true },
    );
    const exit = fc.record(
      {
        // No id of the router's subnets ends so.
        subnet: id.map((text) => `${text.slice(0, 50)}-out`),
        gateways: fc.uniqueArray(gateway, {
          minLength: 1,
          maxLength: 3,
          comparator: (a, b) => a.nve === b.nve || a.address === b.address,
        }),
      },
      { noNullPrototype: true },
    );
    const spec = fc.record(
      {
        displayName,
        labels,
        tenant: id,
        vrfId: fc.integer({ min: 1, max: 0xffffff }),
        gatewayMac: byte.map((b) => `02:00:00:00:00:${b.toString(16).padStart(2, '0')}`),
        subnets: fc.uniqueArray(id, { maxLength: 4 }),
        routes: fc.uniqueArray(route, { maxLength: 4, selector: (r) => r.prefix }),
        exits: fc.uniqueArray(exit, { maxLength: 2, selector: ({ subnet }) => subnet }),
        transitVni: fc.integer({ min: 0, max: 0xffffff }),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(id, spec, async (name, given) => {
        const router = { ...ROUTER, id: name, spec: checkRouter(given) };
        assert.deepEqual(await back(router), router.spec);
      }),
    );
  });

  it('can be applied again: endpoints', async () => {
    const name = fc.stringMatching(/^[a-m][a-z0-9._-]{0,13}$/);
    const port = fc.oneof(
      fc.record(
        {
          kind: fc.constant('veth' as const),
          netns: name,
          interface: name,
          hostInterface: fc.oneof(fc.constant(''), name),
        },
        { noNullPrototype: true },
      ),
      fc.record(
        {
          kind: fc.constant('tap' as const),
          interface: fc.oneof(fc.constant(''), name),
          ownerUid: fc.integer({ min: 0, max: 0xffff_ffff }),
          multiQueue: fc.boolean(),
          vnetHdr: fc.boolean(),
        },
        { noNullPrototype: true },
      ),
      fc.record(
        { kind: fc.constant('host_interface' as const), interface: name },
        { noNullPrototype: true },
      ),
      fc.constantFrom(...VPP_PORTS),
    );
    const spec = fc.record(
      {
        displayName,
        labels,
        network: id,
        nve: id,
        port,
        mac: byte.map((b) => `02:00:00:00:00:${b.toString(16).padStart(2, '0')}`),
        ips: fc.uniqueArray(
          byte.map((b) => `10.0.0.${b}`),
          { maxLength: 4 },
        ),
        subnets: fc.uniqueArray(id, { maxLength: 4 }),
        allowedAddresses: fc.uniqueArray(
          fc.record(
            {
              ip: byte.map((b) => `10.0.1.${b}`),
              mac: fc.constantFrom('', '00:00:5e:00:01:01'),
            },
            { noNullPrototype: true },
          ),
          { maxLength: 4, selector: ({ ip }) => ip },
        ),
        adminState: fc.constantFrom('UP' as const, 'DOWN' as const),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(id, spec, async (name, given) => {
        const endpoint = { ...ENDPOINT, id: name, spec: checkEndpoint(given, []) };
        assert.deepEqual(await back(endpoint), endpoint.spec);
      }),
    );
  });
});
