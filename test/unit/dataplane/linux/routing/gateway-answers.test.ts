import assert from 'node:assert/strict';
import {
  isAnswer,
  noteAnswers,
} from '../../../../../src/dataplane/linux/routing/gateway-answers.js';
import { gatewayInterface } from '../../../../../src/dataplane/linux/routing/gateway-interface.js';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { neighborEntry } from '../../../../../src/dataplane/linux/neighbor-entry.js';
import { RouterView } from '../../../../../src/dataplane/linux/routing/router-view.js';
import { View, Wants } from '../../../../../src/dataplane/linux/view.js';
import { parseAddresses, parseLinks } from '../../../../../src/dataplane/linux/links.js';
import { linkJson } from '../../../../support/fake-doors.js';
import { gateway, GATEWAY_MAC } from '../../../../support/routing-items.js';

const ANSWER = {
  ip: '10.0.0.1',
  mac: GATEWAY_MAC,
  device: 'nfvb100',
  extern: false,
  fixed: true,
  protocol: '78',
};

describe('answers for gateways', () => {
  it('are known by our protocol, those of earlier versions by the MAC of a gateway', () => {
    const memory = new Memory();
    const { protocol, ...unmarked } = ANSWER;
    assert.equal(protocol, '78');
    assert.equal(isAnswer(ANSWER, memory), true);
    assert.equal(isAnswer({ ...ANSWER, extern: true }, memory), false);
    assert.equal(isAnswer({ ...ANSWER, fixed: false }, memory), false);
    assert.equal(isAnswer(unmarked, memory), false);
    assert.equal(isAnswer({ ...unmarked, mac: '00:00:5e:00:01:01' }, memory), true);
    memory.addGatewayMac(GATEWAY_MAC);
    assert.equal(isAnswer(unmarked, memory), true);
    assert.equal(isAnswer({ ...unmarked, protocol: '4' }, memory), false);
  });

  it('are left over where no gateway has the address or is to have it', () => {
    const memory = new Memory();
    const wants = new Wants(true);
    gatewayInterface.reads(['7', '100'], gateway(7, 100, ['10.0.0.1/24']), wants, memory);
    const view = new View();
    view.setOurs(100, 'bridge');
    const [near] = parseLinks([linkJson('nfvg100', { ifalias: 'nfvd:gw/7/100' })]);
    assert.ok(near !== undefined);
    view.addLink(near);
    const router = new RouterView('ours');
    view.routers.set(7, router);
    router.addresses = parseAddresses([
      { ...linkJson('gw100'), addr_info: [{ local: '10.0.0.2', prefixlen: 24, scope: 'global' }] },
    ]);
    for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) view.addNeighbor(100, { ...ANSWER, ip });
    view.addNeighbor(100, { ...ANSWER, ip: '10.0.0.4', protocol: '4' });
    view.addNeighbor(200, ANSWER);
    noteAnswers(view, wants, memory);
    assert.deepEqual([...neighborEntry.list(view, memory)], ['neigh/100/10.0.0.3']);
    assert.deepEqual(neighborEntry.observe(['100', '10.0.0.3'], undefined, view, memory), {
      payload: { kind: 'neighbor_entry', vni: 100, ip: '10.0.0.3', mac: GATEWAY_MAC },
      defects: ['made for a gateway'],
    });
    assert.deepEqual(memory.answersOf(100), ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    assert.deepEqual(memory.answersOf(200), []);
  });
});
