/** Manifests of subnets and routers, and of endpoints in them. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { AskSubnets } from '../../../../src/cli/manifest/allowed-prefixes.js';
import type { Desired } from '../../../../src/cli/manifest/desired.js';
import { readManifests } from '../../../../src/cli/manifest/read-manifests.js';
import { NfvError } from '../../../../src/errors.js';
import { refusedWith } from '../../../support/refusals.js';
import { TempFiles } from '../../../support/temp-files.js';
import { inputOf } from '../../../support/cli.js';

const NETWORK = 'apiVersion: nfv/v1\nkind: VirtualNetwork\nmetadata: {name: blue}\n';
const ENDPOINT = `apiVersion: nfv/v1
kind: Endpoint
metadata: {name: web-1, labels: {app: web}, etag: e7}
spec:
  network: blue
  nve: host-a
  port: {veth: {netns: web-1}}
  ips: [10.0.0.11]
`;

const SUBNET = `apiVersion: nfv/v1
kind: Subnet
metadata: {name: blue-v4}
spec: {network: blue, prefix: 10.0.0.0/24}
`;
const ROUTER = `apiVersion: nfv/v1
kind: Router
metadata: {name: r1}
spec: {subnets: [blue-v4]}
`;
/** Of network blue, where its endpoint may not have its address. */
const NARROW = `${NETWORK}spec: {prefixes: [10.1.0.0/24, 10.2.0.0/24]}\n`;

const nothing = inputOf(Readable.from([]));

describe('readManifests, of subnets and routers', () => {
  let files: TempFiles;
  beforeEach(async () => {
    files = await TempFiles.create();
  });
  afterEach(() => files.remove());

  const read = (...paths: string[]): Promise<Desired[]> => readManifests(paths, nothing);

  it('fills in defaults of subnets and routers', async () => {
    const file = await files.write('all.yaml', `${SUBNET}---\n${ROUTER}`);
    const [subnet, router] = await read(file);
    assert.deepEqual(subnet?.spec, {
      displayName: '',
      network: 'blue',
      prefix: '10.0.0.0/24',
      gateway: '10.0.0.1',
      pools: [],
      labels: {},
    });
    assert.deepEqual(router?.spec, {
      displayName: '',
      tenant: 'default',
      vrfId: 0,
      gatewayMac: '00:00:5e:00:01:01',
      subnets: ['blue-v4'],
      routes: [],
      exits: [],
      transitVni: 0,
      labels: {},
    });
  });

  it('takes exits', async () => {
    const exits =
      'exits: [{subnet: up, gateways: [{nve: a, address: 192.0.2.1}, {nve: b, address: 192.0.2.2}]}], transitVni: 9';
    const file = await files.write('r.yaml', ROUTER.replace('{subnets', `{${exits}, subnets`));
    const [router] = await read(file);
    assert.deepEqual(router?.kind === 'Router' && [router.spec.exits, router.spec.transitVni], [
      [
        {
          subnet: 'up',
          gateways: [
            { nve: 'a', address: '192.0.2.1' },
            { nve: 'b', address: '192.0.2.2' },
          ],
        },
      ],
      9,
    ]);
  });

  it('takes routes that have next hops or drop', async () => {
    const routes =
      'routes: [{prefix: 0.0.0.0/0, nextHops: [{address: 10.0.0.2}, {address: 10.0.0.3, weight: 9}]}, {prefix: 192.0.2.0/24, drop: true}]';
    const file = await files.write('r.yaml', ROUTER.replace('{subnets', `{${routes}, subnets`));
    const [router] = await read(file);
    assert.deepEqual(router?.kind === 'Router' && router.spec.routes, [
      {
        prefix: '0.0.0.0/0',
        nextHops: [
          { address: '10.0.0.2', weight: 1 },
          { address: '10.0.0.3', weight: 9 },
        ],
        drop: false,
      },
      { prefix: '192.0.2.0/24', nextHops: [], drop: true },
    ]);
  });

  it('takes subnets of two networks that overlap, and one router of several subnets of a network', async () => {
    const file = await files.write(
      'all.yaml',
      `${SUBNET}---\n${SUBNET.replace('blue-v4', 'red-v4').replace('blue,', 'red,')}---\n${SUBNET.replace('blue-v4', 'more').replace('10.0.0', '10.7.0')}---\n${ROUTER.replace('[blue-v4]', '[blue-v4, more, elsewhere]')}`,
    );
    assert.equal((await read(file)).length, 4);
  });

  describe('an address outside of the prefixes of its network', () => {
    const asked: string[] = [];
    const ask = (...prefixes: string[]): AskSubnets => {
      asked.length = 0;
      return (network) => {
        asked.push(network);
        return Promise.resolve(prefixes);
      };
    };

    it('may be in a subnet of the same manifests', async () => {
      const file = await files.write('all.yaml', `${ENDPOINT}---\n${SUBNET}---\n${NARROW}`);
      assert.equal((await readManifests([file], nothing, ask())).length, 3);
      assert.deepEqual(asked, []);
    });

    it('may be in a subnet that the NVA has', async () => {
      const file = await files.write('all.yaml', `${NARROW}---\n${ENDPOINT}`);
      assert.equal((await readManifests([file], nothing, ask('10.0.0.0/28'))).length, 2);
      assert.deepEqual(asked, ['blue']);
    });

    it('is refused where the NVA has no subnet for it, and is left to the NVA otherwise', async () => {
      const file = await files.write('all.yaml', `${NARROW}---\n${ENDPOINT}`);
      const reading = readManifests([file], nothing, ask('10.0.0.64/28'));
      const error = await refusedWith('MANIFEST_INVALID', reading);
      assert.match(error.remedy, /10\.1\.0\.0\/24 or 10\.2\.0\.0\/24 or 10\.0\.0\.64\/28$/);
      assert.equal((await read(file)).length, 2);
    });

    it('fails as the question does', async () => {
      const file = await files.write('all.yaml', `${NARROW}---\n${ENDPOINT}`);
      const away = (): Promise<never> => Promise.reject(new NfvError('NVA_UNREACHABLE', 'away'));
      await refusedWith('NVA_UNREACHABLE', readManifests([file], nothing, away));
    });
  });

  describe('refuses', () => {
    const rows: [name: string, text: string, told: string[]][] = [
      [
        'an IP outside of its network and of its subnets',
        `${NARROW}---\n${SUBNET.replace('10.0.0.0', '10.3.0.0')}---\n${ENDPOINT}`,
        [
          "F:18:9: spec.ips[0]: 10.0.0.11: outside the network's prefixes; give an address in 10.1.0.0/24 or 10.2.0.0/24 or 10.3.0.0/24",
        ],
      ],
      [
        'a prefix that is none',
        SUBNET.replace('10.0.0.0/24', '10.0.0.1/24'),
        [
          'F:4:31: spec.prefix: 10.0.0.1/24: not an IP prefix; give a network address and length, e.g. "10.0.0.0/24"',
        ],
      ],
      [
        'half a range',
        SUBNET.replace('/24', '/24, pools: [{first: 10.0.0.1}]'),
        ['F:4:52: spec.pools[0].last: (empty): missing; add it: text'],
      ],
      [
        'a gateway and pools outside of the prefix',
        SUBNET.replace(
          '/24',
          '/24, gateway: 10.0.0.255, pools: [{first: 10.0.0.9, last: 10.0.0.8}, {first: 10.0.0.1, last: 10.0.1.1}]',
        ),
        [
          'F:4:53: spec.gateway: 10.0.0.255: no address that a host of 10.0.0.0/24 can have; give one from 10.0.0.1 to 10.0.0.254, or leave it out',
          'F:4:73: spec.pools[0]: 10.0.0.9-10.0.0.8: no range of addresses of 10.0.0.0/24; give its lowest and its highest address, both in the prefix',
          'F:4:108: spec.pools[1]: 10.0.0.1-10.0.1.1: no range of addresses of 10.0.0.0/24; give its lowest and its highest address, both in the prefix',
        ],
      ],
      [
        'subnets that overlap, or have the same gateway',
        `${SUBNET}---\n${SUBNET.replace('blue-v4', 'b').replace('0/24', '0/25')}---\n${SUBNET.replace('blue-v4', 'c').replace('blue,', 'red,')}`,
        [
          'F:9:1: spec.gateway: 10.0.0.1: also given to blue-v4 in F:1; give it to one of them only',
          'F:9:31: spec.prefix: 10.0.0.0/25: overlaps with blue-v4, 10.0.0.0/24, in F:1; give a prefix that no other subnet of the network has',
        ],
      ],
      [
        "an endpoint's address that is the gateway's",
        `${SUBNET}---\n${ENDPOINT.replace('10.0.0.11', '10.0.0.1')}`,
        [
          'F:13:9: spec.ips[0]: 10.0.0.1: also given to blue-v4 in F:1; give it to one of them only',
        ],
      ],
      [
        'a VRF id that is none',
        ROUTER.replace('{subnets', '{vrfId: 0, subnets'),
        [
          'F:4:15: spec.vrfId: 0: not the id of tables; give 1-16777215, or leave it out to get one',
        ],
      ],
      [
        'a gateway MAC and routes that are none',
        ROUTER.replace(
          '[blue-v4]}',
          '[blue-v4], gatewayMac: 01:00:5e:00:00:01, routes: [{prefix: 0.0.0.0/0}, {prefix: "::/0", drop: true, nextHops: [{address: 10.0.0.2, weight: 256}]}]}',
        ),
        [
          'F:4:40: spec.gatewayMac: 01:00:5e:00:00:01: not a unicast MAC; give one, e.g. "00:00:5e:00:01:01"',
          'F:4:68: spec.routes[0].nextHops: 0 of them: none; give next hops, or drop',
          'F:4:128: spec.routes[1].nextHops: 1 of them: a route that drops has none; give next hops, or drop',
          'F:4:157: spec.routes[1].nextHops[0].weight: 256: out of range; give 1-255',
          "F:4:139: spec.routes[1].nextHops[0].address: 10.0.0.2: not of the prefix's family; give an IPV6 address",
        ],
      ],
      [
        'a VRF id and subnets that two routers want',
        `${SUBNET}---\n${SUBNET.replace('blue-v4', 'b').replace('10.0.0', '10.7.0')}---\n${ROUTER.replace('{subnets', '{vrfId: 5, subnets')}---\n${ROUTER.replace('r1', 'r2').replace('{subnets: [blue-v4]', '{vrfId: 5, subnets: [blue-v4, b]')}`,
        [
          'F:19:15: spec.vrfId: 5: also given to r1 in F:11; give it to one of them only',
          'F:19:28: spec.subnets[0]: blue-v4: also given to r1 in F:11; give it to one of them only',
          'F:19:28: spec.subnets[0]: blue-v4 of blue: also given to r1 in F:11; give it to one of them only',
        ],
      ],
    ];
    for (const [name, text, told] of rows) {
      it(name, async () => {
        const file = await files.write('bad.yaml', text);
        const reading = readManifests([file], nothing, () => Promise.resolve([]));
        const error = await refusedWith('MANIFEST_INVALID', reading);
        assert.deepEqual(
          error.violations.map((v) =>
            `${v.field}: ${v.value === '' ? '(empty)' : v.value}: ${v.reason}; ${v.remedy}`.replaceAll(
              file,
              'F',
            ),
          ),
          told,
        );
      });
    }
  });
});
