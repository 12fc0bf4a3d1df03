import assert from 'node:assert/strict';
import { KIND_TABLE, KINDS } from '../../../../src/dataplane/vpp/kinds.js';
import type { Port } from '../../../../src/model/endpoint.js';
import {
  dependenciesOf,
  ITEM_KINDS,
  keyOf,
  type Payload,
  type PortItem,
} from '../../../../src/model/item.js';
import { NEW_VLAN } from '../../../../src/model/vpp-ports.js';
import { makePlan } from '../../../../src/reconcile/plan.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';
import {
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../../../support/routing-items.js';

const MAC = '02:00:00:00:00:01';
const ONE_OF_EACH: readonly Payload[] = [
  vtepItem('10.1.0.1'),
  domain(7, '10.1.0.1'),
  tunnelTo(7, '10.1.0.2', '10.1.0.1'),
  floodTo(7, '10.1.0.2'),
  macAt(7, MAC, '10.1.0.2'),
  neighbor(7, '192.168.7.1', MAC),
  vethPort('web', 7, MAC, 'blue'),
  vethPort('web-2', 0, MAC, 'blue'),
  xconnect('web', 'web-2'),
  vrf(5),
  vrf(6),
  gateway(5, 7, ['192.168.7.254/24']),
  gatewayNeighbor(5, 7, '192.168.7.1', MAC),
  routeTo(5, '10.0.0.0/8', hop('192.168.7.1', 7)),
  routeToVrf(5, 'fd00::/8', 6),
];

const PLAIN: Omit<PortItem, 'port'> = {
  kind: 'port',
  endpoint: 'e0',
  vni: 0,
  mac: MAC,
  addresses: [],
  adminUp: true,
  mtu: 1500,
};

describe('kinds of VPP', () => {
  it('are all there, each found by payload and by key', () => {
    assert.deepEqual(Object.keys(KINDS).sort(), [...ITEM_KINDS].sort());
    assert.equal(KIND_TABLE.all.length, ITEM_KINDS.length);
    for (const payload of ONE_OF_EACH) {
      const [kind, rest] = KIND_TABLE.at(keyOf(payload));
      assert.equal(kind, KIND_TABLE.of(payload));
      assert.deepEqual(rest, keyOf(payload).split('/').slice(1));
    }
    assert.equal(KIND_TABLE.at('nat/7')[0], undefined);
  });

  it('have higher ranks than what they depend on', () => {
    const ranks = new Map(ONE_OF_EACH.map((payload) => [keyOf(payload), KINDS[payload.kind].rank]));
    for (const payload of [...ONE_OF_EACH, macOf(7, MAC, 'web')]) {
      for (const need of dependenciesOf(payload)) {
        assert.ok((ranks.get(need) ?? Infinity) < KINDS[payload.kind].rank, need);
      }
    }
  });

  it('claim an interface once, whatever way leads to it', () => {
    const claims = (port: Port): readonly string[] =>
      KINDS.port.claims?.({ ...PLAIN, port }) ?? assert.fail('no claims');
    const clash = (a: Port, b: Port): boolean =>
      claims(a).some((claim) => claims(b).includes(claim));
    const host: Port = { kind: 'host_interface', interface: 'eth0' };
    const ofVpp = (name: string): Port => ({ kind: 'vpp_interface', interface: name });
    const vlan: Port = { ...NEW_VLAN, parent: 'eth9', outerVlanId: 7 };
    assert.ok(clash(host, ofVpp('host-eth0')));
    assert.ok(!clash(host, ofVpp('eth0')));
    assert.ok(clash(vlan, ofVpp('eth9.7')));
    assert.ok(!clash(vlan, ofVpp('eth9')));
    const plan = makePlan({
      wanted: new Map(
        [host, ofVpp('host-eth0')].map((port, i) => {
          const payload = { ...PLAIN, endpoint: `e${i}`, port };
          const item = { key: keyOf(payload), version: '1', dependsOn: [], payload };
          return [item.key, item];
        }),
      ),
      complete: true,
      observation: { objects: new Map(), obstacles: new Map() },
      traits: KINDS,
    });
    assert.equal(
      plan.verdicts.get('port/e1')?.message,
      'port/e1: interface host-eth0 of VPP is wanted by port/e0 as well',
    );
  });
});
