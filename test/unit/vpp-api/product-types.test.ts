/**
 * The generated types and the codec agree. What must not compile is marked: `tsc` fails if it does,
 * and the codec refuses the same at run time.
 */
import assert from 'node:assert/strict';
import { createCodec } from '../../../src/vpp-api/codec/codec.js';
import type { ProductMessages } from '../../../src/vpp-api/generated/messages.js';
import type {
  DetailsOf,
  MessageFields,
  ProductCall,
  ProductDump,
  ReplyOf,
} from '../../../src/vpp-api/product-types.js';
import { readCatalogue } from '../../../src/vpp-api/schema/catalogue.js';

const codec = createCodec(readCatalogue().schemaFor(new Map()));

type Same<A, B> = [A, B] extends [B, A] ? true : false;

const encode = <N extends keyof ProductMessages>(name: N, fields: MessageFields<N>): Buffer =>
  codec.message(name).encode(1, 2, 3, { ...fields });

const LABEL = { is_uniform: 0, label: 0, ttl: 0, exp: 0 };

const ROUTE: MessageFields<'ip_route_add_del_v2'> = {
  is_multipath: false,
  route: {
    table_id: 0,
    stats_index: 0,
    prefix: '10.0.0.0/24',
    src: 0,
    paths: [
      {
        sw_if_index: 1,
        table_id: 0,
        rpf_id: 0,
        weight: 1,
        preference: 0,
        type: 'FIB_API_PATH_TYPE_NORMAL',
        flags: ['FIB_API_PATH_FLAG_RESOLVE_VIA_HOST'],
        proto: 'FIB_API_PATH_NH_PROTO_IP4',
        nh: { address: '10.0.0.1', via_label: 0, obj_id: 0, classify_table_index: 0 },
        n_labels: 0,
        label_stack: Array.from({ length: 16 }, () => LABEL),
      },
    ],
  },
};

const L2FIB: MessageFields<'l2fib_add_del'> = {
  mac: '02:00:00:00:00:01',
  bd_id: 1,
  sw_if_index: 2,
  static_mac: true,
  filter_mac: false,
  bvi_mac: false,
};

describe('the generated types', () => {
  it('take what the codec takes', () => {
    const messages = [
      encode('control_ping', {}),
      encode('ip_route_add_del_v2', ROUTE),
      encode('l2fib_add_del', L2FIB),
      encode('sw_interface_set_mtu', { sw_if_index: 1, mtu: [9000, 0, 0, 0] }),
      encode('sw_interface_set_flags', { sw_if_index: 1, flags: ['IF_STATUS_API_FLAG_ADMIN_UP'] }),
    ];
    for (const message of messages) assert.ok(message.length >= 10);
  });

  it('refuse to compile what the codec refuses', () => {
    const rows: (() => unknown)[] = [
      // @ts-expect-error an unknown field
      () => encode('control_ping', { x: 1 }),
      // @ts-expect-error a missing field
      () => encode('sw_interface_set_flags', { sw_if_index: 1 }),
      // @ts-expect-error a misspelt field
      () => encode('sw_interface_set_flags', { sw_if_indx: 1, flags: [] }),
      // @ts-expect-error a string for a number
      () => encode('sw_interface_set_flags', { sw_if_index: '1', flags: [] }),
      // @ts-expect-error a flag that does not exist
      () => encode('sw_interface_set_flags', { sw_if_index: 1, flags: ['UP'] }),
      // @ts-expect-error three of four
      () => encode('sw_interface_set_mtu', { sw_if_index: 1, mtu: [1, 2, 3] }),
      // @ts-expect-error octets for a MAC address
      () => encode('l2fib_add_del', { ...L2FIB, mac: Buffer.alloc(6) }),
      // @ts-expect-error an enum value that does not exist
      () => encode('bridge_flags', { bd_id: 1, is_set: true, flags: 'BRIDGE_API_FLAG_LEARN' }),
      () =>
        encode('ip_route_add_del_v2', {
          ...ROUTE,
          // @ts-expect-error a wrong field two types deep
          route: { ...ROUTE.route, paths: [{ ...ROUTE.route.paths[0], type: 'NORMAL' }] },
        }),
      // @ts-expect-error a message that the product does not use
      () => encode('acl_dump', {}),
    ];
    for (const row of rows) {
      assert.throws(row, (error) => error instanceof Error && codeOf(error).startsWith('VPP_'));
    }
  });

  it('say what comes back', () => {
    // Compiles only where the types are the same.
    const checks: {
      number: Same<ReplyOf<'control_ping'>['vpe_pid'], number>;
      text: Same<DetailsOf<'sw_interface_dump'>['interface_name'], string>;
      enum: Same<
        DetailsOf<'sw_interface_dump'>['link_duplex'],
        number | 'LINK_DUPLEX_API_UNKNOWN' | 'LINK_DUPLEX_API_HALF' | 'LINK_DUPLEX_API_FULL'
      >;
      flags: Same<
        DetailsOf<'sw_interface_dump'>['flags'],
        readonly (number | 'IF_STATUS_API_FLAG_ADMIN_UP' | 'IF_STATUS_API_FLAG_LINK_UP')[]
      >;
      /** Counts and defaults are there in what was decoded. */
      count: Same<DetailsOf<'ip_route_v2_dump'>['route']['n_paths'], number>;
      notOfADump: Same<ReplyOf<'sw_interface_dump'>, never>;
      dump: Same<Extract<'sw_interface_dump' | 'control_ping', ProductDump>, 'sw_interface_dump'>;
      call: Same<Extract<'sw_interface_dump' | 'control_ping', ProductCall>, 'control_ping'>;
    } = {
      number: true,
      text: true,
      enum: true,
      flags: true,
      count: true,
      notOfADump: true,
      dump: true,
      call: true,
    };
    assert.ok(checks.call);
    const decoded = codec
      .message('ip_route_add_del_v2')
      .decode(encode('ip_route_add_del_v2', ROUTE));
    assert.deepEqual(decoded['is_add'], true);
  });
});

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');
