/**
 * What the product asks of VPP, by feature. One line is one thing to do: its requests from the newest
 * to the oldest that can do it; the first that VPP has is used. Replies, details and events belong to
 * their requests and are not listed, but for events that VPP does not declare.
 */
export interface Need {
  readonly anyOf: readonly string[];
  /** The feature works without it. */
  readonly optional?: true;
  /** Comes with it, though no service says so. */
  readonly events?: readonly string[];
}

const need = (...anyOf: string[]): Need => ({ anyOf });
const optional = (...anyOf: string[]): Need => ({ anyOf, optional: true });

export const PRODUCT_MESSAGES = {
  core: [
    need('sockclnt_create'),
    need('sockclnt_delete'),
    need('control_ping'),
    need('memclnt_keepalive'),
    need('api_versions'),
    need('get_first_msg_id'),
    need('show_version'),
    need('show_threads'),
    need('cli_inband'),
    optional('get_api_json'),
  ],
  interfaces: [
    need('sw_interface_dump'),
    need('sw_interface_set_flags'),
    need('sw_interface_set_mtu'),
    need('hw_interface_set_mtu'),
    need('sw_interface_set_mac_address'),
    need('sw_interface_get_mac_address'),
    need('sw_interface_set_interface_name'),
    need('sw_interface_tag_add_del'),
    need('sw_interface_add_del_address'),
    need('sw_interface_set_table'),
    need('sw_interface_get_table'),
    need('sw_interface_set_unnumbered'),
    need('sw_interface_set_promisc'),
    need('sw_interface_set_rx_mode'),
    need('sw_interface_set_rx_placement'),
    need('sw_interface_rx_placement_dump'),
    optional('sw_interface_set_tx_placement'),
    optional('sw_interface_tx_placement_get'),
    need('want_interface_events'),
    need('create_loopback_instance', 'create_loopback'),
    need('delete_loopback'),
  ],
  subinterfaces: [
    need('create_vlan_subif'),
    need('create_subif'),
    need('delete_subif'),
    need('l2_interface_vlan_tag_rewrite'),
  ],
  bridge_domains: [
    need('bridge_domain_add_del_v2', 'bridge_domain_add_del'),
    need('bridge_domain_dump'),
    need('bridge_domain_set_mac_age'),
    need('bridge_flags'),
    need('l2_flags'),
    need('sw_interface_set_l2_bridge'),
    need('l2fib_add_del'),
    need('l2fib_flush_bd'),
    need('l2fib_flush_int'),
    need('l2_fib_table_dump'),
    need('bd_ip_mac_add_del'),
    need('bd_ip_mac_flush'),
    need('bd_ip_mac_dump'),
    { anyOf: ['want_l2_macs_events2', 'want_l2_macs_events'], events: ['l2_macs_event'] },
  ],
  virtual_addresses: [need('want_l2_arp_term_events')],
  cross_connects: [need('sw_interface_set_l2_xconnect'), need('l2_xconnect_dump')],
  vxlan: [
    need('vxlan_add_del_tunnel_v3', 'vxlan_add_del_tunnel_v2', 'vxlan_add_del_tunnel'),
    need('vxlan_tunnel_v2_dump', 'vxlan_tunnel_dump'),
    need('sw_interface_set_vxlan_bypass'),
  ],
  vhost_user: [
    need('create_vhost_user_if_v2', 'create_vhost_user_if'),
    need('modify_vhost_user_if_v2', 'modify_vhost_user_if'),
    need('delete_vhost_user_if'),
    need('sw_interface_vhost_user_dump'),
  ],
  tap: [
    need('tap_create_v3', 'tap_create_v2'),
    need('tap_delete_v2'),
    need('sw_interface_tap_v2_dump'),
  ],
  memif: [
    need('memif_create_v2', 'memif_create'),
    need('memif_delete'),
    need('memif_dump'),
    need('memif_socket_filename_add_del_v2', 'memif_socket_filename_add_del'),
    need('memif_socket_filename_dump'),
  ],
  af_packet: [
    need('af_packet_create_v3', 'af_packet_create_v2', 'af_packet_create'),
    need('af_packet_delete'),
    need('af_packet_dump'),
  ],
  devices: [
    need('dev_attach'),
    need('dev_detach'),
    need('dev_create_port_if'),
    need('dev_remove_port_if'),
  ],
  ip: [
    need('ip_table_add_del_v2', 'ip_table_add_del'),
    need('ip_table_dump'),
    need('ip_route_add_del_v2', 'ip_route_add_del'),
    need('ip_route_v2_dump', 'ip_route_dump'),
    need('ip_route_lookup_v2', 'ip_route_lookup'),
    need('ip_neighbor_add_del'),
    need('ip_neighbor_dump'),
    need('ip_neighbor_flush'),
    need('want_ip_neighbor_events_v2', 'want_ip_neighbor_events'),
    need('ip_address_dump'),
    need('ip_unnumbered_dump'),
    need('sw_interface_ip6_enable_disable'),
    // Routes from a source of our own are known as ours.
    optional('fib_source_add'),
  ],
  /** Of routers, with what `interfaces` and `ip` have: routes are told by where they are from. */
  routing: [
    need('ip_route_add_del_v2'),
    need('ip_route_v2_dump'),
    need('ip_route_lookup_v2'),
    need('fib_source_dump'),
  ],
} as const satisfies Readonly<Record<string, readonly Need[]>>;

export type FeatureName = keyof typeof PRODUCT_MESSAGES;

/** Every feature with what it needs. */
export function features(): (readonly [FeatureName, readonly Need[]])[] {
  return Object.keys(PRODUCT_MESSAGES)
    .filter(isFeature)
    .map((name) => [name, PRODUCT_MESSAGES[name]]);
}

export function isFeature(name: string): name is FeatureName {
  return Object.hasOwn(PRODUCT_MESSAGES, name);
}
