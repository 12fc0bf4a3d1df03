/** What every VPP does to our client, and our client to every VPP, over every transport. */
import assert from 'node:assert/strict';
import { retvalOf } from '../../src/vpp-api/client/refused.js';
import { vppContractConnection } from './vpp-contract-connection.js';
import { vppContractEvents } from './vpp-contract-events.js';
import { vppContractPipeline } from './vpp-contract-pipeline.js';
import { route4, route6 } from './drop-routes.js';
import {
  ALL_INTERFACES,
  ClientUnderTest,
  untyped,
  type TransportOf,
  type VppUnderTest,
} from './vpp-under-test.js';

export interface VppContractParts {
  readonly create: () => VppUnderTest | Promise<VppUnderTest>;
  readonly transportOf: TransportOf;
  /** Whether a process can have several connections of this kind. */
  readonly isShared: boolean;
}

export function vppContract({ create, transportOf, isShared }: VppContractParts): void {
  describe('calls', () => {
    let vpp: VppUnderTest;
    let made: ClientUnderTest;

    before(async () => {
      vpp = await create();
      await vpp.start();
      made = await ClientUnderTest.ready(transportOf(vpp));
    });

    after(async () => {
      await made.client.close();
      await vpp.remove();
    });

    it('binds to what VPP itself tells of its messages', () => {
      const { binding, boot, state } = made.client;
      assert.equal(state, 'ready');
      assert.equal(binding?.source, 'vpp');
      assert.ok(binding.messageTable.size > 1000);
      assert.equal(boot?.number, 1);
      assert.equal(boot.pid, vpp.pid);
    });

    it('has all that the product needs', () => {
      const { binding } = made.client;
      assert.ok(binding !== undefined);
      const bad = [...binding.compat.features].filter(([, { status }]) => status !== 'ok');
      assert.deepEqual(bad, []);
    });

    it('asks and is answered', async () => {
      const reply = await made.client.request('show_version', {});
      assert.equal(reply.program, 'vpe');
      assert.match(reply.version, /^\d\d\.\d\d/);
      const ping = await made.client.request('control_ping', {});
      assert.equal(ping.vpe_pid, vpp.pid);
    });

    it('reads a time as VPP writes it', async () => {
      const { vpe_system_time: seconds } = await made.client.request('show_vpe_system_time', {});
      assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 60, String(seconds));
    });

    it('tells what VPP refuses, by number and name', async () => {
      const refused = made.client.request('delete_loopback', { sw_if_index: 4242 });
      await assert.rejects(refused, {
        code: 'VPP_REFUSED',
        message: 'delete_loopback: VPP answered INVALID_SW_IF_INDEX (-2): Invalid sw_if_index',
        metadata: { message: 'delete_loopback', retval: '-2', name: 'INVALID_SW_IF_INDEX' },
      });
      assert.equal(retvalOf(await refused.catch((error: unknown) => error)), -2);
    });

    const wrong: readonly (readonly [string, string, Record<string, unknown>, string])[] = [
      ['a missing field', 'delete_loopback', {}, 'VPP_FIELD_INVALID'],
      ['an unknown field', 'control_ping', { what: 1 }, 'VPP_FIELD_INVALID'],
      ['a wrong type', 'delete_loopback', { sw_if_index: 'loop0' }, 'VPP_FIELD_INVALID'],
      ['a message that is not', 'no_such_message', {}, 'VPP_MESSAGE_UNKNOWN'],
      ['a reply', 'control_ping_reply', {}, 'VPP_MESSAGE_UNKNOWN'],
      ['the handshake', 'sockclnt_create', { name: 'again' }, 'VPP_MESSAGE_UNKNOWN'],
      ['a dump as a request', 'sw_interface_dump', ALL_INTERFACES, 'INVALID_FIELD'],
    ];
    for (const [name, message, fields, code] of wrong) {
      it(`refuses ${name} before anything is sent`, async () => {
        await assert.rejects(made.client.request(message, fields), { code });
        await assert.rejects(made.client.request(message, fields), { code });
      });
    }

    it('refuses to dump what has one reply', async () => {
      const name = untyped('control_ping');
      await assert.rejects(made.client.dump(name), { code: 'INVALID_FIELD' });
      const stream = made.client.stream(name);
      await assert.rejects(stream.next(), { code: 'INVALID_FIELD' });
    });

    it('dumps what there is, as a list and one by one', async () => {
      const mac = '02:00:00:00:00:77';
      const wanted = { mac_address: mac, is_specified: true, user_instance: 77 };
      const { sw_if_index: index } = await made.client.request('create_loopback_instance', wanted);
      try {
        const all = await made.client.dump('sw_interface_dump', ALL_INTERFACES);
        const ours = all.find((each) => each.sw_if_index === index);
        assert.equal(ours?.interface_name, 'loop77');
        assert.equal(ours.l2_address, mac);
        const streamed = [];
        for await (const each of made.client.stream('sw_interface_dump', ALL_INTERFACES)) {
          streamed.push(each);
        }
        assert.deepEqual(streamed, all);
      } finally {
        await made.client.request('delete_loopback', { sw_if_index: index });
      }
    });

    it('dumps nothing where there is nothing', async () => {
      const fields = { sw_if_index: 0xffff_ffff };
      assert.deepEqual(await made.client.dump('vxlan_tunnel_v2_dump', fields), []);
      const next = await made.client.stream('vxlan_tunnel_v2_dump', fields).next();
      assert.equal(next.done, true);
    });

    it('may leave a dump before its end', async () => {
      for await (const each of made.client.stream('sw_interface_dump', ALL_INTERFACES)) {
        assert.ok(each);
        break;
      }
      await made.client.request('control_ping', {});
    });

    it('gets messages far longer than what a socket holds', async () => {
      const { json } = await made.client.request('get_api_json', {});
      assert.ok(json.length > 500_000);
      assert.ok(Array.isArray(JSON.parse(json)));
    });

    it('reads back what it wrote', async () => {
      const table = { table_id: 7, is_ip6: false, name: 'seven' };
      const table6 = { ...table, is_ip6: true };
      for (const each of [table, table6]) {
        const fields = { table: each, create_mfib: true, is_add: true };
        await made.client.request('ip_table_add_del_v2', fields);
      }
      const wanted = [route4(1, 7), route4(2, 7), route6(1, 7)];
      for (const route of wanted) {
        await made.client.request('ip_route_add_del_v2', {
          is_add: true,
          is_multipath: false,
          route,
        });
      }
      const found = [
        ...(await made.client.dump('ip_route_v2_dump', { src: 0, table })),
        ...(await made.client.dump('ip_route_v2_dump', { src: 0, table: table6 })),
      ].map(({ route }) => route);
      for (const { prefix, table_id, paths } of wanted) {
        const ours = found.filter((each) => each.prefix === prefix);
        assert.equal(ours.length, 1, prefix);
        const [first] = ours;
        assert.equal(first?.table_id, table_id);
        assert.deepEqual(first.paths.map(essence), paths.map(essence));
      }
      for (const each of [table, table6]) {
        const fields = { table: each, create_mfib: true, is_add: false };
        await made.client.request('ip_table_add_del_v2', fields);
      }
    });
  });

  describe('a cursor', () => {
    let vpp: VppUnderTest;
    let made: ClientUnderTest;

    before(async () => {
      vpp = await create();
      await vpp.start();
      made = await ClientUnderTest.ready(transportOf(vpp));
    });

    after(async () => {
      await made.client.close();
      await vpp.remove();
    });

    const indices = (all: readonly Record<string, unknown>[]): number[] =>
      all.map((each) => Number(each['sw_if_index']));

    it('is followed to its end, wherever VPP pauses', async () => {
      const { client } = made;
      assert.deepEqual(await client.dump('lldp_dump', { cursor: 0 }), []);
      const wanted: number[] = [];
      // VPP pauses after a millisecond: some hundreds.
      for (let i = 0; i < 600; i++) {
        const fields = { mac_address: '00:00:00:00:00:00', is_specified: true, user_instance: i };
        const { sw_if_index: index } = await client.request('create_loopback_instance', fields);
        wanted.push(index);
        await client.request('sw_interface_set_lldp', {
          sw_if_index: index,
          mgmt_ip4: '0.0.0.0',
          mgmt_ip6: '::',
          mgmt_oid: Buffer.alloc(128),
          enable: true,
          port_desc: '',
        });
      }
      const all = await client.dump('lldp_dump', { cursor: 0 });
      assert.deepEqual(
        indices(all).sort((a, b) => a - b),
        wanted.sort((a, b) => a - b),
      );
      const streamed = [];
      for await (const each of client.stream('lldp_dump', { cursor: 0 })) streamed.push(each);
      assert.deepEqual(indices(streamed), indices(all));
      const later = await client.dump('lldp_dump', { cursor: 300 });
      assert.deepEqual(indices(later), indices(all).slice(300));
    });

    it('may be left before its end', async () => {
      for await (const each of made.client.stream('lldp_dump', { cursor: 0 })) {
        assert.ok(each);
        break;
      }
      await made.client.request('control_ping', {});
    });
  });

  describe('the pipeline', () => {
    vppContractPipeline(create, transportOf);
  });
  describe('events', () => {
    vppContractEvents(create, transportOf);
  });
  describe('the connection', () => {
    vppContractConnection(create, transportOf, isShared);
  });
}

interface Essence {
  readonly type: unknown;
  readonly proto: unknown;
  readonly weight: number;
}

/** What VPP gives back as it got it. */
function essence({ type, proto, weight }: Essence): Essence {
  return { type, proto, weight };
}
