import assert from 'node:assert/strict';
import {
  describeEndpoint,
  describeNetwork,
  describeNve,
  describeRouter,
  describeSubnet,
} from '../../../src/cli/description.js';
import { describeHostProfile } from '../../../src/cli/describe-host.js';
import { NO_PAINT } from '../../../src/cli/style.js';
import { NO_NVE_STATUS } from '../../../src/model/nve.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  FROZEN_NETWORK,
  HOST_PROFILE,
  NETWORK,
  NVE,
  ROUTER,
  SUBNET,
} from '../../support/samples.js';
import { portText } from '../../../src/cli/port-text.js';
import type { Port } from '../../../src/model/endpoint.js';
import {
  MEMIF,
  VHOST_CLIENT,
  VHOST_USER,
  VLAN,
  VPP_INTERFACE,
} from '../../support/vpp-port-samples.js';

const CONTEXT = { now: Date.parse('2026-01-03T10:00:00.000Z'), paint: NO_PAINT };

describe('describeNetwork', () => {
  it('tells all, with its NVEs and endpoints', () => {
    assert.equal(
      describeNetwork(
        NETWORK,
        { subnets: [SUBNET], endpoints: [ENDPOINT, FAILED_ENDPOINT], nves: [NVE] },
        CONTEXT,
      ),
      `Name:             blue
Display name:     Blue team
Labels:           site=a,tier=
Tenant:           acme
VNI:              100
Encapsulation:    VXLAN
Underlay:         IPV4
MTU:              1450 (derived)
BUM mode:         MULTICAST
BUM group:        239.1.1.1
Learning:         no
ARP suppression:  yes
Drift policy:     REPORT
Prefixes:         10.0.0.0/24,fd00::/64
Created:          2026-01-01T10:00:00.000Z (2d ago)
Updated:          2026-01-02T11:30:00.000Z (22h ago)
Revision:         42
Etag:             abc123

Subnets (1):
  NAME      NETWORK   PREFIX        GATEWAY      POOLS                                       AGE
  blue-v4   blue      10.0.0.0/24   10.0.0.254   10.0.0.10-10.0.0.99,10.0.0.200-10.0.0.200   2d

NVEs (1):
  NAME     STATE      VTEPS               APPLIED   FAILED   LAST-SEEN   AGE
  host-a   DEGRADED   10.77.0.1,fd77::1   11/12     1        now         2d

Endpoints (2):
  NAME    NETWORK   NVE      MAC                 IPS                  STATE    AGE
  web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11,fd00::11   ACTIVE   2d
  web-2   blue      host-a   02:00:00:00:00:02   10.0.0.12            FAILED   2d

Drifts (1):
  TIME                       NVE      ITEM                        DIFFERENCE   ACTION
  2026-01-02T11:59:00.000Z   host-a   mac/100/02:00:00:00:00:02   missing      REPAIRED
`,
    );
  });

  it('says where there is nothing', () => {
    const text = describeNetwork(
      { ...NETWORK, spec: { ...NETWORK.spec, mtu: 1400 } },
      { subnets: [], endpoints: [], nves: [] },
      CONTEXT,
    );
    assert.match(text, /\nMTU: +1450\n/);
    assert.match(text, /\n\nSubnets: none\n\nNVEs: none\n\nEndpoints: none\n$/);
  });

  it('has a table of the addresses that are frozen', () => {
    const parts = { subnets: [], endpoints: [], nves: [] };
    const text = describeNetwork(FROZEN_NETWORK, parts, CONTEXT);
    assert.match(
      text,
      /\nDuplicates \(2\):\n {2}ADDRESS +ENDPOINT +NVE +MOVES +SINCE +FROZEN UNTIL\n/,
    );
    assert.match(text, /02:00:00:00:00:0a +web +host-a +5 +2026-01-02T11:30:00\.000Z +cleared\n/);
    assert.match(text, /10\.0\.0\.10 +web +host-a +5 +\S+ +2026-01-02T11:39:00\.000Z\n/);
  });
});

describe('describeNve', () => {
  it('tells state, counts, failures, drifts, underlays and capabilities', () => {
    assert.equal(
      describeNve(NVE, [ENDPOINT], CONTEXT),
      `Name:              host-a
Display name:      Rack 1
Labels:            rack=r1
State:             DEGRADED
Reason:            NVE_LOSS_HELD: many are gone
VTEP addresses:    10.77.0.1,fd77::1
Identity:          5f3c1b9e-58a5-4c6c-9d3e-0c6f1f0a7a01
Agent version:     0.1.0
Connected since:   2026-01-02T12:00:00.000Z (22h ago)
Items wanted:      12
Items applied:     11
Items failed:      1
Applied revision:  41
Items drifted:     2
Drifts seen:       3
Dataplane:         linux 6.1.0
  Session:         DEGRADED since 2026-01-03T09:59:00.000Z (1m)
  Reason:          VPP owes answers and says nothing (DATAPLANE_TIMEOUT)
  Remedy:          none needed: it is tried again; see what keeps the dataplane busy if it stays
  Boot:            4711 8:1:99
  Restarts seen:   1
Item kinds:        vtep,bridge_domain,port
Encapsulations:    vxlan
Port kinds:        veth,tap
BUM modes:         head_end,multicast,none
Host profile:      edge
  Phase:           FAILED
  Reason:          hostProfiles/edge:2:5: nics[0].match: there is no such NIC (PLAN_BLOCKED)
  Remedy:          mend what the plan names
  Wanted:          abababababababababababababababababababababababababababababababab
  Prepared with:   /etc/nfvd/host.yaml cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
Created:           2026-01-01T10:00:00.000Z (2d ago)
Updated:           2026-01-02T11:30:00.000Z (22h ago)
Revision:          42
Etag:              abc123

Dataplane features (2):
  FEATURE   STATE     MISSING-OR-CHANGED
  core      OK        -
  memif     MISSING   memif_create,memif_delete

Dataplane plugins (1):
  PLUGIN   VERSION
  vxlan    26.06-release

Underlays (1):
  ADDRESS     INTERFACE   MTU
  10.77.0.1   eth0        1500

Provider uplinks (1):
  NAME       INTERFACE   MTU    VLANS
  physnet1   eth1        9000   yes

Failures (1):
  ITEM         CODE            MESSAGE                        REMEDY
  port/web-2   NETNS_MISSING   no network namespace "web-2"   create the network namespace: ip netns add NAME

Drifts (1):
  TIME                       ITEM                        DIFFERENCE   ACTION
  2026-01-02T11:59:00.000Z   mac/100/02:00:00:00:00:02   missing      REPAIRED

Endpoints (1):
  NAME    NETWORK   NVE      MAC                 IPS                  STATE    AGE
  web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11,fd00::11   ACTIVE   2d
`,
    );
  });

  it('says when it was last seen, once it has gone', () => {
    const gone = { ...NVE, status: { ...NVE.status, state: 'DISCONNECTED' as const } };
    const text = describeNve(gone, [], CONTEXT);
    assert.match(text, /\nLast seen: +2026-01-02T12:00:00.000Z \(22h ago\)\n/);
  });

  it('says that it never said hello', () => {
    const fresh = { ...NVE, spec: { ...NVE.spec, nodeUuid: '' }, status: NO_NVE_STATUS };
    const text = describeNve(fresh, [], CONTEXT);
    assert.match(text, /\nIdentity: +not bound\n/);
    assert.match(text, /\nLast seen: +never\n/);
    assert.match(text, /\nDataplane: +-\n/);
    assert.match(text, /\nUnderlays: none\n\nFailures: none\n\nDrifts: none\n\nEndpoints: none\n$/);
  });

  it('knows no remedy for a code of a newer NVE', () => {
    const failures = [{ key: 'k', code: 'QUANTUM_LOSS', message: 'm\u001b[31m' }];
    const nve = { ...NVE, status: { ...NVE.status, failures } };
    assert.match(describeNve(nve, [], CONTEXT), /\n {2}k {6}QUANTUM_LOSS {3}m\\u001b\[31m {3}-\n/);
  });
});

describe('describeSubnet', () => {
  it('tells all, with its router and endpoints', () => {
    assert.equal(
      describeSubnet(SUBNET, [ROUTER], [ENDPOINT], CONTEXT),
      `Name:          blue-v4
Display name:  Blue, IPv4
Labels:        site=a
Network:       blue
Prefix:        10.0.0.0/24
Gateway:       10.0.0.254
Pools:         10.0.0.10-10.0.0.99,10.0.0.200-10.0.0.200
Router:        r1
Created:       2026-01-01T10:00:00.000Z (2d ago)
Updated:       2026-01-02T11:30:00.000Z (22h ago)
Revision:      42
Etag:          abc123

Endpoints (1):
  NAME    NETWORK   NVE      MAC                 IPS                  STATE    AGE
  web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11,fd00::11   ACTIVE   2d
`,
    );
  });

  it('says where there is nothing', () => {
    const subnet = { ...SUBNET, spec: { ...SUBNET.spec, gateway: '', pools: [] } };
    const text = describeSubnet(subnet, [], [], CONTEXT);
    assert.match(text, /\nGateway: +-\nPools: +all\nRouter: +-\n/);
    assert.match(text, /\n\nEndpoints: none\n$/);
  });
});

describe('describeRouter', () => {
  it('tells all, with its subnets and routes', () => {
    assert.equal(
      describeRouter(ROUTER, [SUBNET], CONTEXT),
      `Name:          r1
Display name:  To the rest
Labels:        tier=gold
Tenant:        acme
VRF id:        7
Gateway MAC:   02:00:5e:00:00:01
Transit VNI:   4097
Created:       2026-01-01T10:00:00.000Z (2d ago)
Updated:       2026-01-02T11:30:00.000Z (22h ago)
Revision:      42
Etag:          abc123

Subnets (1):
  NAME      NETWORK   PREFIX        GATEWAY      POOLS                                       AGE
  blue-v4   blue      10.0.0.0/24   10.0.0.254   10.0.0.10-10.0.0.99,10.0.0.200-10.0.0.200   2d

Routes (2):
  PREFIX         NEXT-HOPS
  0.0.0.0/0      via 10.0.0.2,10.0.0.3@3
  192.0.2.0/24   drop

Exits (2):
  SUBNET   NVE      ADDRESS
  up-v4    host-a   198.51.100.11
  up-v4    host-b   198.51.100.12
`,
    );
  });

  it('says where there is nothing', () => {
    const router = { ...ROUTER, spec: { ...ROUTER.spec, subnets: [], routes: [], exits: [] } };
    assert.match(describeRouter(router, [], CONTEXT), /\n\nSubnets: none\n\nRoutes: none\n$/);
  });
});

describe('describeEndpoint', () => {
  it('tells all', () => {
    assert.equal(
      describeEndpoint(ENDPOINT, CONTEXT),
      `Name:              web-1
Display name:      -
Labels:            app=web
Network:           blue
NVE:               host-a
MAC:               02:00:00:00:00:01
IPs:               10.0.0.11,fd00::11
Subnets:           blue-v4
Allowed IPs:       10.0.0.100,fd00::100=00:00:5e:00:02:01
Held IPs:          fd00::100=00:00:5e:00:02:01 since 2026-01-02T12:00:00.000Z
Admin state:       UP
Port:              veth
  Namespace:       web-1
  Interface:       eth0
  Host interface:  derived
State:             ACTIVE
On host-a:         ACTIVATED (CREATE)
On host-b:         ASSOCIATED (MIGRATE 6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11)
Migration:         ASSOCIATED
  Id:              6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11
  From:            host-a
  To:              host-b
  Started:         2026-01-02T11:29:00.000Z
  Deadline:        2026-01-03T11:29:01.000Z
  Waits for:       host-c: nves/host-c is not connected (NVE_DISCONNECTED)
Created:           2026-01-01T10:00:00.000Z (2d ago)
Updated:           2026-01-02T11:30:00.000Z (22h ago)
Revision:          42
Etag:              abc123
`,
    );
  });

  it('tells what is derived, and what is not', () => {
    const { spec } = ENDPOINT;
    const named = {
      kind: 'veth',
      netns: 'web-1',
      interface: 'eth0',
      hostInterface: 'web',
    } as const;
    const veth = describeEndpoint({ ...ENDPOINT, spec: { ...spec, port: named } }, CONTEXT);
    assert.match(veth, /\n {2}Host interface: +web\n/);
    const port = {
      kind: 'tap',
      interface: '',
      ownerUid: 0,
      multiQueue: false,
      vnetHdr: true,
    } as const;
    const tap = describeEndpoint({ ...ENDPOINT, spec: { ...spec, port } }, CONTEXT);
    assert.match(tap, /\nPort: +tap\n {2}Interface: +derived\n {2}Owner: +uid 0\n/);
    const nic = { kind: 'host_interface', interface: 'eth5' } as const;
    const host = describeEndpoint({ ...ENDPOINT, spec: { ...spec, port: nic } }, CONTEXT);
    assert.match(host, /\nPort: +interface of the host\n {2}Interface: +eth5\n/);
  });

  const shown: [port: Port, lines: RegExp, cell: string][] = [
    [
      VHOST_USER,
      /\nPort: +vhost-user\n {2}Socket: +\/run\/nfvd\/vhost\/web\n {2}Role of VPP: +SERVER\n {2}Access: +mode 0600, uid 64055, gid 106\n {2}GSO: +yes\n {2}Packed ring: +yes\n {2}Event index: +yes\n {2}Mergeable buffers: +no\n {2}Indirect descriptors: +no\n/,
      'vhost-user /run/nfvd/vhost/web',
    ],
    [VHOST_CLIENT, /\n {2}Role of VPP: +CLIENT\n {2}Access: +the other end's\n/, ''],
    [
      MEMIF,
      /\nPort: +memif\n {2}Socket: +\/run\/nfvd\/memif\/cnf\n {2}Role of VPP: +SLAVE\n {2}Id: +7\n {2}Ring: +2048 descriptors\n {2}Buffers: +4096 bytes\n {2}Secret: +in the file cnf\n/,
      'memif /run/nfvd/memif/cnf#7',
    ],
    [
      VLAN,
      /\nPort: +VLAN of an interface of VPP\n {2}Interface: +host-eth1\n {2}Tags: +dot1ad 100 inner 200\n/,
      'vlan host-eth1 dot1ad 100 inner 200',
    ],
    [{ ...VLAN, innerVlanId: 0, dot1ad: false }, /\n {2}Tags: +dot1q 100\n/, ''],
    [
      VPP_INTERFACE,
      /\nPort: +interface of VPP\n {2}Interface: +GigabitEthernet3\/0\/1\n/,
      'vpp GigabitEthernet3/0/1',
    ],
  ];
  for (const [port, lines, cell] of shown) {
    it(`tells all of a port of VPP: ${portText(port)}`, () => {
      const text = describeEndpoint({ ...ENDPOINT, spec: { ...ENDPOINT.spec, port } }, CONTEXT);
      assert.match(text, lines);
      if (cell !== '') assert.equal(portText(port), cell);
    });
  }

  it('tells why it failed, and what to do', () => {
    const text = describeEndpoint(FAILED_ENDPOINT, CONTEXT);
    assert.match(
      text,
      /\nState: +FAILED\nReason: +no network namespace "web-2" \(NETNS_MISSING\)\n/,
    );
    assert.match(text, /\nRemedy: +create the network namespace: ip netns add NAME\n/);
    assert.match(text, /\nPort: +tap\n {2}Interface: +tap-web2\n {2}Owner: +uid 107\n/);
    assert.match(text, /\n {2}Multi-queue: +yes\n {2}virtio-net header: +no\n/);
  });
});

describe('describeHostProfile', () => {
  it('tells all, with what became of it on each host, and its text', () => {
    assert.equal(
      describeHostProfile(HOST_PROFILE, CONTEXT),
      `Name:          edge
Display name:  Hosts of the edge
Labels:        site=a
State:         FAILED
NVEs:          host-a
NVE labels:    rack=r1
Selected:      2
Applied:       1
Hash:          367a8e2124fe9b43c538959e6177410afedcdea107d9e4f8a78c227b2e1f4f42
Created:       2026-01-01T10:00:00.000Z (2d ago)
Updated:       2026-01-02T11:30:00.000Z (22h ago)
Revision:      42
Etag:          abc123

Hosts (2):
  NVE      PHASE     REASON                                                                      REMEDY
  host-b   FAILED    hostProfiles/edge:2:5: nics[0].match: there is no such NIC (PLAN_BLOCKED)   mend what the plan names
  host-a   APPLIED   -                                                                           -

Profile:
  hugepages:
    - { size: 2M, node: 0, pages: 64 }
`,
    );
  });
});
