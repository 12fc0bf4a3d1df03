/** Bad input, as an operator gives it, over the wire: one clear error each, and nothing changed. */
import assert from 'node:assert/strict';
import { isErrorCode } from '../../../src/errors.js';
import { nfvctl, type Ran } from '../../support/cli.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { clientOf, startServer, type TestServer } from '../../support/nva-server.js';

const SEED = `
apiVersion: nfv/v1
kind: VirtualNetwork
metadata: {name: blue}
spec: {vni: 100, prefixes: [10.0.0.0/24]}
---
apiVersion: nfv/v1
kind: Nve
metadata: {name: host-a}
spec: {vtepAddresses: [10.77.0.1]}
---
apiVersion: nfv/v1
kind: Endpoint
metadata: {name: web-1}
spec: {network: blue, nve: host-a, port: {veth: {netns: web-1}}, mac: "02:00:00:00:00:01", ips: [10.0.0.11]}
`;

const NETWORK = 'create network x';
const ENDPOINT = 'create endpoint x --network blue --nve host-a --veth-netns x';
const MANIFEST = `apiVersion: nfv/v1
kind: Endpoint
metadata: {name: x}
spec:
  network: blue
  nve: host-a
  port: {veth: {netns: x}}
`;

interface Row {
  readonly name: string;
  readonly line: string;
  readonly stdin?: string;
  readonly status: number;
  readonly err: string;
}

const rows: Row[] = [
  {
    name: 'a VNI of 0',
    line: `${NETWORK} --vni 0`,
    status: 2,
    err: `error: --vni: 0: not a VNI (INVALID_FIELD)
remedy: give 1-16777215, or leave it out to get one
`,
  },
  {
    name: 'a VNI over 16777215',
    line: `${NETWORK} --vni 16777216`,
    status: 2,
    err: `error: --vni: 16777216: not a VNI (INVALID_FIELD)
remedy: give 1-16777215, or leave it out to get one
`,
  },
  {
    name: 'a VNI in a manifest over 16777215',
    line: 'apply -f -',
    stdin:
      'apiVersion: nfv/v1\nkind: VirtualNetwork\nmetadata: {name: x}\nspec:\n  vni: 16777216\n',
    status: 2,
    err: `error: stdin:5:8: spec.vni: 16777216: not a VNI (MANIFEST_INVALID)
remedy: give 1-16777215, or leave it out to get one
`,
  },
  {
    name: 'a VNI that is already used',
    line: `${NETWORK} --vni 100`,
    status: 4,
    err: `error: virtual_network.vni: 100: already used by virtualNetworks/blue (VNI_IN_USE)
remedy: choose another VNI, or leave it out to get one
`,
  },
  {
    name: 'a multicast MAC',
    line: `${ENDPOINT} --mac 01:00:5e:00:00:01`,
    status: 2,
    err: `error: endpoint.mac: 01:00:5e:00:00:01: a multicast MAC (INVALID_FIELD)
remedy: give one whose first byte is even
`,
  },
  {
    name: 'the broadcast MAC',
    line: `${ENDPOINT} --mac ff:ff:ff:ff:ff:ff`,
    status: 2,
    err: `error: endpoint.mac: ff:ff:ff:ff:ff:ff: a multicast MAC (INVALID_FIELD)
remedy: give one whose first byte is even
`,
  },
  {
    name: 'a MAC that is doubled in its network',
    line: `${ENDPOINT} --mac 02-00-00-00-00-01`,
    status: 4,
    err: `error: endpoint.mac: 02:00:00:00:00:01: already used by endpoints/web-1 (MAC_IN_USE)
remedy: give the endpoint a MAC of its own in this network
`,
  },
  {
    name: 'an IP outside of its network',
    line: `${ENDPOINT} --ip 10.0.1.11`,
    status: 2,
    err: `error: endpoint.ips[0]: 10.0.1.11: outside the network's prefixes (INVALID_FIELD)
remedy: give an address in 10.0.0.0/24
`,
  },
  {
    name: 'an IP that is doubled',
    line: `${ENDPOINT} --ip 10.0.0.12 --ip 10.0.0.11`,
    status: 4,
    err: `error: endpoint.ips[1]: 10.0.0.11: already used by endpoints/web-1 (IP_IN_USE)
remedy: give the endpoint an address of its own in this network
`,
  },
  {
    name: 'an unknown NVE',
    line: 'create endpoint x --network blue --nve host-z --veth-netns x',
    status: 4,
    err: `error: endpoint.nve: nves/host-z: does not exist (REFERENCE_NOT_FOUND)
remedy: create it first
`,
  },
  {
    name: 'an over-long interface name',
    line: `${ENDPOINT} --veth-interface interface-name-1`,
    status: 2,
    err: `error: endpoint.port.veth.interface: interface-name-1: 16 characters long (INVALID_FIELD)
remedy: give at most 15: the kernel would cut it
`,
  },
  {
    name: 'a manifest with a wrong key',
    line: 'apply -f -',
    stdin: `${MANIFEST}  macs: "02:00:00:00:00:09"\n`,
    status: 2,
    err: `error: stdin:8:3: spec.macs: macs: unknown key (MANIFEST_INVALID)
remedy: did you mean "mac"? known: displayName, network, nve, port, mac, ips, subnets, allowedAddresses, adminState
`,
  },
  {
    name: 'a manifest with a wrong type',
    line: 'apply -f -',
    stdin: `${MANIFEST}  ips: 10.0.0.12\n`,
    status: 2,
    err: `error: stdin:8:8: spec.ips: 10.0.0.12: text, not a list (MANIFEST_INVALID)
remedy: give a list
`,
  },
  {
    name: 'a manifest with a cycle',
    line: 'apply -f -',
    stdin: `${MANIFEST}status: &s\n  self: *s\n`,
    status: 2,
    err: `error: stdin:9:9: status.self: *s: contains itself (MANIFEST_INVALID)
remedy: write the value out
`,
  },
  {
    name: '10 MB of nonsense',
    line: 'apply -f -',
    stdin: '%&/()=?{[*&"\n'.repeat(800_000),
    status: 2,
    err: `error: stdin: more than 4194304 bytes: too large (MESSAGE_TOO_LARGE)
remedy: give at most 4194304 bytes; split it into several files
`,
  },
];

describe('bad input', () => {
  let nva: MemoryNva;
  let server: TestServer;
  beforeEach(async () => {
    nva = new MemoryNva();
    server = await startServer(nva);
    assert.equal((await run('apply -f -', SEED)).status, 0);
  });
  afterEach(() => server.stop());

  const run = (line: string, stdin = ''): Promise<Ran> =>
    nfvctl(line.split(' '), {
      stdin,
      connect: ({ timeoutMs }) => clientOf(server.target, timeoutMs),
    });

  for (const { name, line, stdin, status, err } of rows) {
    it(name, async () => {
      const before = nva.revision;
      assert.deepEqual(await run(line, stdin), { status, out: '', err });
      const [, code = ''] = /\(([A-Z_]+)\)\n/.exec(err) ?? [];
      assert.ok(isErrorCode(code), code);
      assert.equal(nva.revision, before);
      assert.equal(nva.endpoints.all.length, 1);
    });
  }
});
