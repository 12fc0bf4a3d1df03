import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { toManifest } from '../../../src/cli/manifest/to-manifest.js';
import {
  renderJson,
  renderNames,
  renderTables,
  renderYaml,
  toYaml,
} from '../../../src/cli/render.js';
import { NO_PAINT } from '../../../src/cli/style.js';
import { ENDPOINT, FAILED_ENDPOINT, NETWORK, NVE, ROUTER, SUBNET } from '../../support/samples.js';

const NOW = Date.parse('2026-01-03T10:00:00.000Z');
const TABLE = { wide: false, header: true, qualified: false, paint: NO_PAINT, now: NOW };

describe('renderTables', () => {
  it('has a table for each kind', () => {
    assert.equal(
      renderTables([ENDPOINT, NETWORK, FAILED_ENDPOINT], { ...TABLE, qualified: true }),
      `NAME                   TENANT   VNI   MTU    BUM                   PREFIXES                AGE
virtualNetworks/blue   acme     100   1450   MULTICAST 239.1.1.1   10.0.0.0/24,fd00::/64   2d

NAME              NETWORK   NVE      MAC                 IPS                  STATE    AGE
endpoints/web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11,fd00::11   ACTIVE   2d
endpoints/web-2   blue      host-a   02:00:00:00:00:02   10.0.0.12            FAILED   2d
`,
    );
  });

  it('is wide, without a header', () => {
    assert.equal(
      renderTables([NVE], { ...TABLE, wide: true, header: false }),
      'host-a   DEGRADED   10.77.0.1,fd77::1   11/12     1        now         2d    linux 6.1.0   0.1.0   41                 3        rack=r1   Rack 1\n',
    );
  });

  it('is nothing for nothing', () => {
    assert.equal(renderTables([], TABLE), '');
  });
});

describe('renderNames', () => {
  it('has a name a line', () => {
    assert.equal(
      renderNames([NETWORK, NVE, ENDPOINT]),
      'virtualNetworks/blue\nnves/host-a\nendpoints/web-1\n',
    );
  });
});

describe('renderYaml', () => {
  it('shows a resource as a manifest', () => {
    assert.equal(
      renderYaml([NETWORK, ENDPOINT].map(toManifest)),
      `apiVersion: nfv/v1
kind: VirtualNetwork
metadata:
  name: blue
  labels:
    site: a
    tier: ""
  etag: abc123
  revision: 42
  createTime: "2026-01-01T10:00:00.000Z"
  updateTime: "2026-01-02T11:30:00.000Z"
spec:
  displayName: Blue team
  tenant: acme
  vni: 100
  encapsulation: VXLAN
  mtu: 0
  bumMode: MULTICAST
  bumGroup: 239.1.1.1
  learning: false
  arpSuppression: true
  prefixes:
    - 10.0.0.0/24
    - fd00::/64
  underlayFamily: IPV4
  driftPolicy: REPORT
status:
  effectiveMtu: 1450
---
apiVersion: nfv/v1
kind: Endpoint
metadata:
  name: web-1
  labels:
    app: web
  etag: abc123
  revision: 42
  createTime: "2026-01-01T10:00:00.000Z"
  updateTime: "2026-01-02T11:30:00.000Z"
spec:
  network: blue
  nve: host-a
  port:
    veth:
      netns: web-1
      interface: eth0
  mac: "02:00:00:00:00:01"
  ips:
    - 10.0.0.11
    - fd00::11
  subnets:
    - blue-v4
  allowedAddresses:
    - ip: 10.0.0.100
    - ip: fd00::100
      mac: 00:00:5e:00:02:01
  adminState: UP
status:
  state: ACTIVE
  reasonCode: ""
  reason: ""
  attachments:
    - nve: host-a
      state: ACTIVATED
      cause: CREATE
      migrationId: ""
    - nve: host-b
      state: ASSOCIATED
      cause: MIGRATE
      migrationId: 6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11
  held:
    - ip: fd00::100
      mac: 00:00:5e:00:02:01
      since: "2026-01-02T12:00:00.000Z"
  migration:
    id: 6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11
    source: host-a
    target: host-b
    port:
      kind: veth
      netns: web-1
      interface: eth0
      hostInterface: ""
    phase: ASSOCIATED
    hold: true
    released: false
    force: false
    timeoutMs: 60000
    startTime: "2026-01-02T11:29:00.000Z"
    deadline: "2026-01-03T11:29:01.000Z"
    reasonCode: ""
    reason: ""
  laggards:
    - nve: host-c
      code: NVE_DISCONNECTED
      reason: nves/host-c is not connected
`,
    );
  });

  it('shows subnets and routers, of which the NVA says no more than a user has', () => {
    assert.equal(
      renderYaml([SUBNET, ROUTER].map(toManifest)),
      `apiVersion: nfv/v1
kind: Subnet
metadata:
  name: blue-v4
  labels:
    site: a
  etag: abc123
  revision: 42
  createTime: "2026-01-01T10:00:00.000Z"
  updateTime: "2026-01-02T11:30:00.000Z"
spec:
  displayName: Blue, IPv4
  network: blue
  prefix: 10.0.0.0/24
  gateway: 10.0.0.254
  pools:
    - first: 10.0.0.10
      last: 10.0.0.99
    - first: 10.0.0.200
      last: 10.0.0.200
---
apiVersion: nfv/v1
kind: Router
metadata:
  name: r1
  labels:
    tier: gold
  etag: abc123
  revision: 42
  createTime: "2026-01-01T10:00:00.000Z"
  updateTime: "2026-01-02T11:30:00.000Z"
spec:
  displayName: To the rest
  tenant: acme
  vrfId: 7
  gatewayMac: 02:00:5e:00:00:01
  subnets:
    - blue-v4
  routes:
    - prefix: 0.0.0.0/0
      nextHops:
        - address: 10.0.0.2
          weight: 1
        - address: 10.0.0.3
          weight: 3
    - prefix: 192.0.2.0/24
      drop: true
  exits:
    - subnet: up-v4
      gateways:
        - nve: host-a
          address: 198.51.100.11
        - nve: host-b
          address: 198.51.100.12
  transitVni: 4097
`,
    );
  });

  it('quotes what other readers of YAML would take for something else', () => {
    const values = [
      'yes',
      'off',
      '12:30:45',
      '02:00:00:00:00:01',
      '1_000',
      '0o17',
      'null',
      '~',
      '<<',
    ];
    for (const value of values) assert.equal(toYaml({ value }), `value: "${value}"\n`);
  });

  it('comes back as it was, and is harmless, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = toYaml({ value });
        assert.doesNotMatch(text, /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        const [document] = parseAllDocuments(text);
        assert.ok(document !== undefined);
        assert.deepEqual(document.toJS(), { value });
      }),
    );
  });
});

describe('renderJson', () => {
  it('shows one, or a list', () => {
    const one: unknown = JSON.parse(renderJson([toManifest(NVE)], true));
    const list: unknown = JSON.parse(renderJson([toManifest(NVE)], false));
    assert.deepEqual(list, { apiVersion: 'nfv/v1', kind: 'List', items: [one] });
    assert.deepEqual(one, {
      apiVersion: 'nfv/v1',
      kind: 'Nve',
      metadata: {
        name: 'host-a',
        labels: { rack: 'r1' },
        etag: 'abc123',
        revision: 42,
        createTime: '2026-01-01T10:00:00.000Z',
        updateTime: '2026-01-02T11:30:00.000Z',
      },
      spec: { displayName: 'Rack 1', vtepAddresses: ['10.77.0.1', 'fd77::1'] },
      status: { ...NVE.status, nodeUuid: '5f3c1b9e-58a5-4c6c-9d3e-0c6f1f0a7a01' },
    });
  });

  it('ends with a line break, and has no control characters', () => {
    const odd = { ...NETWORK, spec: { ...NETWORK.spec, displayName: '\u009b\u007f\u001b' } };
    const text = renderJson([toManifest(odd)], true);
    assert.match(text, /"displayName": "\\u009b\\u007f\\u001b"/);
    assert.match(text, /\n}\n$/);
  });
});
