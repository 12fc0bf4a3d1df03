/**
 * What somebody else took after the dataplane had looked: it is named and left alone, nothing is left behind, and
 * no message was sent that changes VPP but the one that VPP refused. The same on the emulator and on a real VPP.
 */
import assert from 'node:assert/strict';
import { socketIdOf } from '../../src/dataplane/vpp/ports/memif-sockets.js';
import type { Payload } from '../../src/model/item.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../src/model/vpp-ports.js';
import type { VppClient } from '../../src/vpp-api/client/client.js';
import { changesSent } from './changes-sent.js';
import { domain, tunnelTo } from './linux-items.js';
import { vrf } from './routing-items.js';
import type { Received } from './vpp-emulator/emulator.js';
import { everything } from './vpp-eye.js';
import { GID, plugging, port, UID, type PluggedWorld } from './vpp-plugging.js';

const [L, R] = ['10.9.0.1', '10.9.0.2'];

export interface TakenWorld extends PluggedWorld {
  /** What came to VPP, if it tells. */
  readonly received?: (() => readonly Received[]) | undefined;
}

interface Row {
  readonly what: string;
  readonly item: () => Payload;
  /** As somebody else; an interface gets a name of theirs. */
  readonly take: (
    client: VppClient,
  ) => Promise<{ readonly retval: number; readonly sw_if_index?: number }>;
  readonly fails: string;
  readonly sent: readonly string[];
}

export function vppTaken(world: TakenWorld): void {
  const { base, client, inTheDirectory, setTag } = plugging(world);
  const path = (): string => inTheDirectory('web');

  const rows: readonly Row[] = [
    {
      what: 'the id of a bridge domain',
      item: () => domain(12, L),
      take: (vpp) =>
        vpp.request('bridge_domain_add_del_v2', {
          bd_id: 12,
          flood: true,
          uu_flood: true,
          forward: true,
          learn: true,
          arp_term: false,
          arp_ufwd: false,
          mac_age: 0,
          bd_tag: 'theirs',
          is_add: true,
        }),
      fails: 'create bd/12: FOREIGN_OBJECT',
      sent: ['bridge_domain_add_del_v2'],
    },
    {
      what: 'the ends of a tunnel',
      item: () => tunnelTo(10, R, L),
      take: (vpp) =>
        vpp.request('vxlan_add_del_tunnel_v3', {
          is_add: true,
          instance: 0xffff_ffff,
          src_address: L,
          dst_address: R,
          src_port: 4789,
          dst_port: 4789,
          mcast_sw_if_index: 0xffff_ffff,
          encap_vrf_id: 0,
          decap_next_index: 0xffff_ffff,
          vni: 10,
          is_l3: false,
        }),
      fails: `create tunnel/10/${R}: FOREIGN_OBJECT`,
      sent: ['vxlan_add_del_tunnel_v3'],
    },
    {
      what: 'an interface of the host',
      item: () => port({ kind: 'host_interface', interface: world.hostInterface }),
      take: (vpp) =>
        vpp.request('af_packet_create', {
          hw_addr: '00:00:00:00:00:00',
          use_random_hw_addr: true,
          host_if_name: world.hostInterface,
        }),
      fails: 'create port/blue-1: FOREIGN_OBJECT',
      sent: ['af_packet_create_v3'],
    },
    {
      what: 'the socket of a virtual machine',
      item: () =>
        port({ ...NEW_VHOST_USER, socket: path(), role: 'CLIENT', ownerUid: UID, ownerGid: GID }),
      take: (vpp) =>
        vpp.request('create_vhost_user_if', {
          is_server: false,
          sock_filename: path(),
          renumber: false,
          disable_mrg_rxbuf: false,
          disable_indirect_desc: false,
          enable_gso: false,
          enable_packed: false,
          custom_dev_instance: 0,
          use_custom_mac: false,
          mac_address: '00:00:00:00:00:00',
          tag: '',
        }),
      fails: 'create port/blue-1: FOREIGN_OBJECT',
      sent: ['create_vhost_user_if_v2'],
    },
    {
      what: 'the number of a memif’s socket',
      item: () => port({ ...NEW_MEMIF, socket: path() }),
      take: (vpp) =>
        vpp.request('memif_socket_filename_add_del_v2', {
          is_add: true,
          socket_id: socketIdOf(path()),
          socket_filename: inTheDirectory('theirs'),
        }),
      fails: 'create port/blue-1: FOREIGN_OBJECT',
      sent: [],
    },
    {
      what: 'a VLAN',
      item: () => port({ ...NEW_VLAN, parent: 'loop0', outerVlanId: 100 }),
      take: (vpp) => vpp.request('create_vlan_subif', { sw_if_index: 1, vlan_id: 100 }),
      fails: 'create port/blue-1: FOREIGN_OBJECT',
      sent: [],
    },
    {
      what: 'a table',
      item: () => vrf(7),
      take: (vpp) =>
        vpp.request('ip_table_add_del_v2', {
          table: { table_id: 7, is_ip6: false, name: 'theirs' },
          create_mfib: true,
          is_add: true,
        }),
      fails: 'create vrf/7: FOREIGN_OBJECT',
      sent: [],
    },
  ];

  for (const { what, item, take, fails, sent } of rows) {
    it(`leaves alone: ${what}`, async () => {
      await world.rig.converge(base());
      const plan = await world.rig.plan([...base(), item()]);
      const { sw_if_index } = await take(client());
      if (sw_if_index !== undefined) await setTag(sw_if_index, 'theirs');
      const before = await everything(world.eye);
      const from = world.received?.().length ?? 0;
      assert.deepEqual(await world.rig.apply(plan), [fails]);
      assert.deepEqual(await everything(world.eye), before);
      if (world.received !== undefined) {
        assert.deepEqual(changesSent(world.received().slice(from)), sent);
      }
    });
  }
}
