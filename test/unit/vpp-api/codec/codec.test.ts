/** Messages of VPP 26.06 as literal bytes, and what the codec of a message tells. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { createCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { apiModule, bareMessage } from '../../../support/vpp-modules.js';
import { vppReleases } from '../../../support/vpp-releases.js';
import { routeFields } from '../../../support/vpp-routes.js';

const newest = vppReleases().at(-1);
const schema = parseModules(newest?.modules);
const codec = createCodec(schema);

const octets = (hex: string): Buffer => Buffer.from(hex.replace(/ /g, ''), 'hex');
const ascii = (text: string, size: number): string =>
  Buffer.from(text, 'latin1')
    .toString('hex')
    .padEnd(2 * size, '0');

type Row = readonly [
  name: string,
  fields: Readonly<Record<string, unknown>>,
  /** With id 0x0064, client index 0x01020304, context 0x0a0b0c0d. */
  bytes: string,
];

const REQUEST = '0064 01020304 0a0b0c0d';
const REPLY = '0064 0a0b0c0d';

const LABELS = Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 }));
const LABEL = { is_uniform: 1, label: 100, ttl: 64, exp: 2 };
const PATH = { ...routeFields().route.paths[0], label_stack: LABELS };
/** Up to the labels. */
const PATH_BYTES = `00000001 00000000 00000000 01 00 00000000 00000000 00000000
  0a010101 000000000000000000000000 00000000 00000000 00000000`;

const ROWS: readonly Row[] = [
  ['control_ping', {}, REQUEST],
  [
    'control_ping_reply',
    { retval: -1, client_index: 7, vpe_pid: 4242 },
    `${REPLY} ffffffff 00000007 00001092`,
  ],
  ['sockclnt_create', { name: 'nfvd' }, `${REPLY} ${ascii('nfvd', 64)}`],
  [
    'sockclnt_create_reply',
    {
      response: 0,
      index: 1,
      count: 2,
      message_table: [
        { index: 0x0f, name: 'sockclnt_create_455fb9c4' },
        { index: 0x10, name: 'sockclnt_create_reply_35166268' },
      ],
    },
    `0064 01020304 0a0b0c0d 00000000 00000001 0002
     000f ${ascii('sockclnt_create_455fb9c4', 64)}
     0010 ${ascii('sockclnt_create_reply_35166268', 64)}`,
  ],
  ['cli_inband', { cmd: 'show version' }, `${REQUEST} 0000000c ${ascii('show version', 12)}`],
  [
    'sw_interface_set_flags',
    { sw_if_index: 5, flags: ['IF_STATUS_API_FLAG_ADMIN_UP'] },
    `${REQUEST} 00000005 00000001`,
  ],
  [
    'sw_interface_set_mtu',
    { sw_if_index: 5, mtu: [9000, 0, 0, 0] },
    `${REQUEST} 00000005 00002328 00000000 00000000 00000000`,
  ],
  [
    'sw_interface_add_del_address',
    { sw_if_index: 2, is_add: true, del_all: false, prefix: '192.0.2.1/24' },
    `${REQUEST} 00000002 01 00 00 c0000201 000000000000000000000000 18`,
  ],
  [
    'sw_interface_event',
    { pid: 9, sw_if_index: 3, flags: [], deleted: true },
    `0064 01020304 00000009 00000003 00000000 01`,
  ],
  [
    'l2fib_add_del',
    {
      mac: '02:00:00:00:00:01',
      bd_id: 100,
      sw_if_index: 4,
      is_add: true,
      static_mac: true,
      filter_mac: false,
      bvi_mac: false,
    },
    `${REQUEST} 020000000001 00000064 00000004 01 01 00 00`,
  ],
  [
    'bd_ip_mac_add_del',
    { is_add: true, entry: { bd_id: 100, ip: 'fd00::5', mac: '02:00:00:00:00:05' } },
    `${REQUEST} 01 00000064 01 fd000000000000000000000000000005 020000000005`,
  ],
  [
    'vxlan_add_del_tunnel_v3',
    {
      is_add: true,
      instance: 0xffffffff,
      src_address: '10.0.0.1',
      dst_address: '10.0.0.2',
      src_port: 4789,
      dst_port: 4789,
      mcast_sw_if_index: 0xffffffff,
      encap_vrf_id: 0,
      decap_next_index: 0xffffffff,
      vni: 100,
      is_l3: false,
    },
    `${REQUEST} 01 ffffffff 00 0a000001 000000000000000000000000 00 0a000002 000000000000000000000000
     12b5 12b5 ffffffff 00000000 ffffffff 00000064 00`,
  ],
  [
    'ip_route_add_del',
    {
      is_add: true,
      is_multipath: false,
      route: {
        table_id: 7,
        stats_index: 0,
        prefix: '10.0.0.0/24',
        n_paths: 1,
        paths: routeFields().route.paths,
      },
    },
    `${REQUEST} 01 00 00000007 00000000 00 0a000000 000000000000000000000000 18 01
     00000001 00000000 00000000 01 00 00000000 00000000 00000000
     0a010101 000000000000000000000000 00000000 00000000 00000000 00 ${'00'.repeat(16 * 7)}`,
  ],
  [
    'ip_route_add_del',
    {
      is_add: true,
      is_multipath: true,
      route: {
        table_id: 7,
        stats_index: 0,
        prefix: '10.0.0.0/24',
        n_paths: 3,
        paths: [PATH, { ...PATH, n_labels: 1, label_stack: [LABEL, ...LABELS.slice(1)] }, PATH],
      },
    },
    `${REQUEST} 01 01 00000007 00000000 00 0a000000 000000000000000000000000 18 03
     ${PATH_BYTES} 00 ${'00'.repeat(16 * 7)}
     ${PATH_BYTES} 01 01 00000064 40 02 ${'00'.repeat(15 * 7)}
     ${PATH_BYTES} 00 ${'00'.repeat(16 * 7)}`,
  ],
];

describe('the codec', () => {
  for (const [name, fields, bytes] of ROWS) {
    it(`${name} is as the wire has it`, () => {
      const expected = octets(bytes.replace(/\s+/g, ''));
      const message = codec.message(name);
      assert.equal(message.check(fields), expected.length);
      const encoded = message.encode(0x64, 0x01020304, 0x0a0b0c0d, fields);
      assert.equal(encoded.toString('hex'), expected.toString('hex'));
      assert.deepEqual(message.decode(expected), fields);
    });
  }

  it('tells name, CRC and header of a message', () => {
    const rows: [name: string, key: string, clientIndex: boolean, context: boolean][] = [
      ['control_ping', 'control_ping_51077d14', true, true],
      ['control_ping_reply', 'control_ping_reply_f6b0b8ca', false, true],
      ['sockclnt_create', 'sockclnt_create_455fb9c4', false, true],
      ['sockclnt_create_reply', 'sockclnt_create_reply_35166268', true, true],
      ['sw_interface_event', 'sw_interface_event_2d3d95a7', true, false],
      ['rx_thread_exit', 'rx_thread_exit_c3a3a452', false, false],
    ];
    for (const [name, key, clientIndex, context] of rows) {
      const message = codec.message(name);
      assert.deepEqual(
        [message.name, message.key, message.hasClientIndex, message.hasContext],
        [name, key, clientIndex, context],
      );
      assert.equal(message.key, `${name}_${message.crc}`);
    }
  });

  it('finds the context where the definition has it', () => {
    const rows: [name: string, bytes: string, context: number][] = [
      ['control_ping', REQUEST, 0x0a0b0c0d],
      ['control_ping_reply', REPLY, 0x0a0b0c0d],
      ['control_ping_reply', '0064 0a0b0c', 0],
      ['sw_interface_event', REQUEST, 0],
    ];
    for (const [name, bytes, context] of rows) {
      assert.equal(codec.message(name).contextOf(octets(bytes)), context, name);
    }
  });

  it('compiles a message once', () => {
    assert.equal(codec.message('control_ping'), codec.message('control_ping'));
  });

  it('names what is near to a message that is not there', () => {
    assert.throws(() => codec.message('ip_route_ad_del'), {
      code: 'VPP_MESSAGE_UNKNOWN',
      message: /^no message ip_route_ad_del; there is ip_route_add_del, /,
    });
    assert.throws(() => codec.message('__proto__'), { code: 'VPP_MESSAGE_UNKNOWN' });
    assert.throws(() => codec.message('x'.repeat(10_000)), { code: 'VPP_MESSAGE_UNKNOWN' });
  });

  it('refuses definitions that cannot be compiled, and only those', () => {
    const rows: [field: readonly unknown[], reason: RegExp][] = [
      [['vl_api_nowhere_t', 'x'], /type nowhere is not defined/],
      [['vl_api_loop_t', 'x'], /type loop contains itself/],
      [['vl_api_empty_t', 'x', 3], /an array of empty, which has no size/],
      [['u32', 'x', 16_000_000], /u32\[16000000\]/],
      [['vl_api_many_t', 'x'], /many has \d+ bytes/],
      [['vl_api_loose_t', 'x'], /loose\.text has no fixed size/],
      [['vl_api_narrow_t', 'x'], /BIG of narrow is 256, more than u8 holds/],
    ];
    for (const [field, reason] of rows) {
      const module = apiModule({
        types: [
          ['loop', ['vl_api_loop_t', 'again']],
          ['empty'],
          ['many', ['u8', 'a', 9_000_000], ['u8', 'b', 9_000_000]],
        ],
        unions: [['loose', ['string', 'text', 0]]],
        enums: [['narrow', ['BIG', 256], { enumtype: 'u8' }]],
        messages: [bareMessage('bad', field), bareMessage('good', ['u8', 'x'])],
      });
      const broken = createCodec(parseModules([module]));
      assert.throws(
        () => broken.message('bad'),
        (error) =>
          error instanceof NfvError &&
          error.code === 'VPP_MESSAGE_UNSUPPORTED' &&
          reason.test(error.message),
        String(reason),
      );
      assert.deepEqual(broken.message('good').decode(octets('000005')), { x: 5 });
    }
  });
});
