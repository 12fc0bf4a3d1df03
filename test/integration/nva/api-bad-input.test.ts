import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../src/errors.js';
import type { NvaApi } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { NveSpec } from '../../../src/model/nve.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import {
  beside,
  change,
  create,
  everything,
  rejected,
  startSmallModel,
  web,
} from '../../support/small-model.js';
import { networkSpec, nveSpec } from '../../support/specs.js';
import { VHOST_USER, VPP_PORTS } from '../../support/vpp-port-samples.js';

describe('nva over gRPC: bad input gets its error and changes nothing', () => {
  let harness: NvaHarness;
  let api: NvaApi;

  beforeEach(async () => {
    harness = await startSmallModel();
    api = harness.client;
  });

  afterEach(() => harness.close());

  interface Row {
    readonly what: string;
    readonly try: () => Promise<unknown>;
    readonly code: ErrorCode;
    /** Part of the message: field, value, reason. */
    readonly text: string;
  }
  const network = (fields: Partial<VirtualNetworkSpec>): Promise<unknown> =>
    api.virtualNetworks.create(create('red', networkSpec(fields)), call);
  const endpoint = (fields: Partial<EndpointSpec>): Promise<unknown> =>
    api.endpoints.create(create('new', beside(fields)), call);
  const toToken = (json: string): string => Buffer.from(json).toString('base64url');
  const rows: Row[] = [
    {
      what: 'a VNI over 16777215',
      try: () => network({ vni: 16_777_216 }),
      code: 'INVALID_FIELD',
      text: 'virtual_network.vni: 16777216: not a VNI',
    },
    {
      what: 'a VNI that is used',
      try: () => network({ vni: 100 }),
      code: 'VNI_IN_USE',
      text: 'virtual_network.vni: 100: another network has this VNI',
    },
    {
      what: 'an id with capitals',
      try: () => api.virtualNetworks.create(create('Red', networkSpec()), call),
      code: 'INVALID_FIELD',
      text: 'virtual_network_id: Red: not an id',
    },
    {
      what: 'an id that is taken',
      try: () => api.virtualNetworks.create(create('blue', networkSpec()), call),
      code: 'ALREADY_EXISTS',
      text: 'virtualNetworks/blue exists',
    },
    {
      what: 'an MTU that IPv6 does not allow',
      try: () => network({ mtu: 1200, prefixes: ['fd00::/64'] }),
      code: 'INVALID_FIELD',
      text: 'virtual_network.mtu: 1200: out of range',
    },
    {
      what: 'a prefix with host bits',
      try: () => network({ prefixes: ['10.0.0.1/24'] }),
      code: 'INVALID_FIELD',
      text: 'virtual_network.prefixes[0]: 10.0.0.1/24: not an IP prefix',
    },
    {
      what: 'multicast without a group',
      try: () => network({ bumMode: 'MULTICAST' }),
      code: 'INVALID_FIELD',
      text: 'virtual_network.bum_group: (empty): not a multicast address',
    },
    {
      what: 'a multicast group of the other family',
      try: () => network({ bumMode: 'MULTICAST', bumGroup: 'ff15::1' }),
      code: 'INVALID_FIELD',
      text: "virtual_network.bum_group: ff15::1: not of the underlay's family, IPV4",
    },
    {
      what: 'a multicast MAC',
      try: () => endpoint({ mac: '01:00:5e:00:00:01' }),
      code: 'INVALID_FIELD',
      text: 'endpoint.mac: 01:00:5e:00:00:01: a multicast MAC',
    },
    {
      what: 'a MAC that is doubled in its network',
      try: () => endpoint({ mac: '02:00:00:00:00:01' }),
      code: 'MAC_IN_USE',
      text: 'endpoint.mac: 02:00:00:00:00:01: another endpoint of virtualNetworks/blue has it',
    },
    {
      what: 'an IP outside the prefixes',
      try: () => endpoint({ ips: ['10.0.0.9', '10.0.1.1'] }),
      code: 'INVALID_FIELD',
      text: "endpoint.ips[1]: 10.0.1.1: outside the network's prefixes",
    },
    {
      what: 'an IP that is doubled',
      try: () => endpoint({ ips: ['10.0.0.1'] }),
      code: 'IP_IN_USE',
      text: 'endpoint.ips[0]: 10.0.0.1: another endpoint of virtualNetworks/blue has it',
    },
    {
      what: 'an unknown NVE',
      try: () => endpoint({ nve: 'host-z' }),
      code: 'REFERENCE_NOT_FOUND',
      text: 'endpoint.nve: nves/host-z: does not exist',
    },
    {
      what: 'an unknown network',
      try: () => endpoint({ network: 'grey' }),
      code: 'REFERENCE_NOT_FOUND',
      text: 'endpoint.network: virtualNetworks/grey: does not exist',
    },
    {
      what: 'an over-long interface name',
      try: () =>
        endpoint({
          port: { kind: 'veth', netns: 'x', interface: 'abcdefghijklmnop', hostInterface: '' },
        }),
      code: 'INVALID_FIELD',
      text: 'endpoint.port.veth.interface: abcdefghijklmnop: 16 characters long',
    },
    {
      what: 'a port that another endpoint has',
      try: () => endpoint({ port: web().port }),
      code: 'PORT_IN_USE',
      text: 'endpoint.port.veth.interface: eth0: another endpoint on nves/host-a has it',
    },
    {
      what: 'an NVE without a VTEP of the family',
      try: async () => {
        await api.virtualNetworks.create(
          create('six', networkSpec({ underlayFamily: 'IPV6' })),
          call,
        );
        revision = harness.store.status().revision;
        await endpoint({ network: 'six', ips: [] });
      },
      code: 'NVE_LACKS_CAPABILITY',
      text: 'endpoint.nve: nves/host-a: has no VTEP address of the family IPV6',
    },
    {
      what: "a VTEP address that is another NVE's",
      try: () => api.nves.create(create('host-c', nveSpec(['192.0.2.1'])), call),
      code: 'VTEP_IN_USE',
      text: 'nve.vtep_addresses[0]: 192.0.2.1: another NVE has this address',
    },
    {
      what: 'an NVE without an address',
      try: () => api.nves.create(create('host-c', nveSpec([])), call),
      code: 'INVALID_FIELD',
      text: 'nve.vtep_addresses: (empty): empty',
    },
    {
      what: 'an identity that is no UUID',
      try: () => api.nves.update(change<NveSpec>('host-a', { nodeUuid: 'me' }), call),
      code: 'INVALID_FIELD',
      text: 'nve.node_uuid: me: not a UUID',
    },
    {
      what: 'an NVE that gives up the VTEP address its endpoints need',
      try: () => api.nves.update(change('host-a', { vtepAddresses: ['2001:db8::1'] }), call),
      code: 'INVALID_FIELD',
      text: 'nve.vtep_addresses: 2001:db8::1: endpoints/web needs an IPV4 address for virtualNetworks/blue',
    },
    {
      what: 'a MAC that is taken away',
      try: () => api.endpoints.update(change<EndpointSpec>('web', { mac: '' }), call),
      code: 'INVALID_FIELD',
      text: 'endpoint.mac: (empty): empty',
    },
    {
      what: 'a request id that is no UUID',
      try: () => api.virtualNetworks.create(create('red', networkSpec(), 'again'), call),
      code: 'INVALID_FIELD',
      text: 'request_id: again: not a UUID',
    },
    {
      what: 'a change of what cannot be changed',
      try: () => api.virtualNetworks.update(change('blue', { vni: 101 }), call),
      code: 'INVALID_FIELD',
      text: 'virtual_network.vni: 101: cannot be changed from 100',
    },
    {
      what: 'prefixes that endpoints are outside of',
      try: () => api.virtualNetworks.update(change('blue', { prefixes: ['10.0.0.0/24'] }), call),
      code: 'INVALID_FIELD',
      text: 'virtual_network.prefixes: 10.0.0.0/24: endpoints/web has 10.0.0.1, fd00::1',
    },
    {
      what: 'an etag that is old',
      try: () => api.virtualNetworks.update(change('blue', { displayName: 'x' }, '"0"'), call),
      code: 'ETAG_MISMATCH',
      text: 'virtualNetworks/blue has changed',
    },
    {
      what: 'the deletion of a network with endpoints',
      try: () => api.virtualNetworks.delete({ id: 'blue', etag: '', validateOnly: false }, call),
      code: 'RESOURCE_IN_USE',
      text: 'virtualNetworks/blue has endpoints',
    },
    {
      what: 'the deletion of an NVE with endpoints',
      try: () => api.nves.delete({ id: 'host-a', etag: '', validateOnly: false }, call),
      code: 'RESOURCE_IN_USE',
      text: 'nves/host-a has endpoints',
    },
    {
      what: 'an update of what does not exist',
      try: () => api.endpoints.update(change('nobody', { displayName: 'x' }), call),
      code: 'NOT_FOUND',
      text: 'endpoints/nobody does not exist',
    },
    {
      what: 'a page token that is none',
      try: () => api.nves.list({ ...everything, pageToken: 'bm9uc2Vuc2U' }, call),
      code: 'INVALID_PAGE_TOKEN',
      text: 'not a page token',
    },
    {
      what: 'a page token with nonsense in it',
      try: () => api.nves.list({ ...everything, pageToken: toToken('{"revision":-1}') }, call),
      code: 'INVALID_PAGE_TOKEN',
      text: 'not a page token',
    },
    {
      what: 'a page token that begins nowhere',
      try: async () => {
        const { nextPageToken } = await api.nves.list({ ...everything, pageSize: 1 }, call);
        const token = Buffer.from(nextPageToken, 'base64url').toString();
        const pageToken = toToken(token.replace('host-a', String.raw`\ud800`));
        await api.nves.list({ ...everything, pageToken }, call);
      },
      code: 'INVALID_PAGE_TOKEN',
      text: 'not a page token',
    },
    {
      what: 'a page token of another list',
      try: async () => {
        const page = await api.nves.list({ ...everything, pageSize: 1 }, call);
        const { nextPageToken: pageToken } = page;
        await api.virtualNetworks.list({ ...everything, pageToken }, call);
      },
      code: 'INVALID_PAGE_TOKEN',
      text: 'the page token is of another list or filter',
    },
    {
      what: 'a page token of another filter',
      try: async () => {
        const page = await api.nves.list({ ...everything, pageSize: 1 }, call);
        const { nextPageToken: pageToken } = page;
        await api.nves.list({ ...everything, pageToken, filter: 'state = IN_SYNC' }, call);
      },
      code: 'INVALID_PAGE_TOKEN',
      text: 'the page token is of another list or filter',
    },
    {
      what: 'a negative page size',
      try: () => api.nves.list({ ...everything, pageSize: -1 }, call),
      code: 'INVALID_FIELD',
      text: 'page_size: -1: negative',
    },
    {
      what: 'a wait for a revision that was never reached',
      try: () => api.waitApplied({ revision: 1_000_000, timeoutMs: 1000 }, call),
      code: 'REVISION_IN_FUTURE',
      text: 'the store is at revision',
    },
    {
      what: 'a label value that is none',
      try: () => network({ labels: { site: 'a b' } }),
      code: 'INVALID_FIELD',
      text: 'virtual_network.labels.site: a b: not a label value',
    },
    ...['', 'x'].map((first) => ({
      what: `a text that is cut ${first === '' ? 'within' : 'beside'} a surrogate pair`,
      try: () => network({ displayName: `${first}${'\u{1f600}'.repeat(100)}` }),
      code: 'INVALID_FIELD' as const,
      text: 'virtual_network.display_name: ',
    })),
    {
      what: 'a frame over the limit',
      try: () => network({ displayName: 'x'.repeat(5 * 1024 * 1024) }),
      code: 'MESSAGE_TOO_LARGE',
      text: 'larger',
    },
    ...VPP_PORTS.map((port, i) => ({
      what: `a port of VPP that another endpoint has: ${port.kind} ${i}`,
      try: async () => {
        await api.endpoints.create(create('first', web({ port, mac: '', ips: [] })), call);
        revision = harness.store.status().revision;
        await endpoint({ port });
      },
      code: 'PORT_IN_USE' as const,
      text: `endpoint.port.${port.kind}.`,
    })),
    {
      what: 'a socket outside every directory',
      try: () => endpoint({ port: { ...VHOST_USER, socket: '/run/../etc/passwd' } }),
      code: 'INVALID_FIELD',
      text: 'endpoint.port.vhost_user.socket: /run/../etc/passwd: not the path of a socket',
    },
  ];
  let revision = 0;
  for (const row of rows) {
    it(row.what, async () => {
      revision = harness.store.status().revision;
      const error = await rejected(row.try());
      assert.equal(error.code, row.code, error.message);
      assert.ok(error.message.includes(row.text), error.message);
      assert.ok(error.remedy.length > 0);
      assert.equal(harness.store.status().revision, revision);
    });
  }

  it('a VNI that is left out is no error: the NVA chooses one', async () => {
    const red = await api.virtualNetworks.create(create('red', networkSpec()), call);
    assert.equal(red.spec.vni, 4096);
  });
});
