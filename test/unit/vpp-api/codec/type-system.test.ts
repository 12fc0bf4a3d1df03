/** The parts of the type system one by one, with the bytes written out. */
import assert from 'node:assert/strict';
import { createCodec, type MessageCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { apiModule, bareMessage, type ModuleParts } from '../../../support/vpp-modules.js';

const TYPES: ModuleParts = {
  types: [
    ['pair', ['u8', 'a'], ['u16', 'b']],
    ['item', ['u8', 'n'], ['u16', 'v', 0, 'n']],
    ['labelled', ['vl_api_color_t', 'color'], ['string', 'label', 0]],
    [
      'holder',
      ['vl_api_shape_t', 'shape'],
      ['vl_api_figure_t', 'figure', { discriminator: 'shape' }],
    ],
    ['address', ['vl_api_address_family_t', 'af'], ['vl_api_address_union_t', 'un']],
    ['prefix', ['vl_api_address_t', 'address'], ['u8', 'len']],
    ['ip4_prefix', ['vl_api_ip4_address_t', 'address'], ['u8', 'len']],
    ['ip6_prefix', ['vl_api_ip6_address_t', 'address'], ['u8', 'len']],
  ],
  unions: [
    ['address_union', ['vl_api_ip4_address_t', 'ip4'], ['vl_api_ip6_address_t', 'ip6']],
    [
      'figure',
      ['vl_api_pair_t', 'square', { case: 'SQUARE' }],
      ['u32', 'circle', { case: 'CIRCLE' }],
    ],
  ],
  enums: [
    ['address_family', ['ADDRESS_IP4', 0], ['ADDRESS_IP6', 1], { enumtype: 'u8' }],
    ['color', ['RED', 1], ['GREEN', 2], ['LIME', 2], { enumtype: 'u8' }],
    ['level', ['LOW', -1], ['HIGH', 127], { enumtype: 'i8' }],
    ['port', ['HTTP', 80], ['HTTPS', 443], { enumtype: 'u16' }],
    ['huge', ['ONE', 1], ['TOP', 9223372036854775808], { enumtype: 'u64' }],
    ['shape', ['SQUARE', 4], ['CIRCLE', 0], ['NOTHING', 9], { enumtype: 'u32' }],
  ],
  enumflags: [
    ['rights', ['NONE', 0], ['READ', 1], ['WRITE', 2], ['ALL', 7], { enumtype: 'u8' }],
    ['word', ['A', 1], ['B', 32768], { enumtype: 'u16' }],
    ['signed', ['LOW_BIT', 1], ['HIGH_BIT', -128], { enumtype: 'i8' }],
    ['wide', ['FIRST', 1], ['LAST', 9223372036854775808], { enumtype: 'u64' }],
  ],
  aliases: {
    ip4_address: { type: 'u8', length: 4 },
    ip6_address: { type: 'u8', length: 16 },
    mac_address: { type: 'u8', length: 6 },
    interface_index: { type: 'u32' },
    timestamp: { type: 'f64' },
    key: { type: 'u8', length: 3 },
    pairs: { type: 'vl_api_pair_t', length: 2 },
  },
};

function codecOf(...fields: readonly unknown[]): MessageCodec {
  const messages = [bareMessage('m', ...fields)];
  return createCodec(parseModules([apiModule({ ...TYPES, messages })])).message('m');
}

type Row = readonly [
  title: string,
  fields: readonly unknown[],
  value: Readonly<Record<string, unknown>>,
  bytes: string,
  /** What is decoded, where it is not what was given. */
  decoded?: Readonly<Record<string, unknown>>,
];

const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');

const ROWS: readonly Row[] = [
  ['no field', [], {}, ''],
  ['u8', [['u8', 'x']], { x: 255 }, 'ff'],
  ['u16', [['u16', 'x']], { x: 0x0102 }, '0102'],
  ['u32', [['u32', 'x']], { x: 0xfffefdfc }, 'fffefdfc'],
  ['u64', [['u64', 'x']], { x: 0xfffefdfcfbfaf9f8n }, 'fffefdfcfbfaf9f8'],
  ['u64 as a number', [['u64', 'x']], { x: 258 }, '0000000000000102', { x: 258n }],
  ['i8', [['i8', 'x']], { x: -2 }, 'fe'],
  ['i16', [['i16', 'x']], { x: -2 }, 'fffe'],
  ['i32', [['i32', 'x']], { x: -2147483648 }, '80000000'],
  ['i64', [['i64', 'x']], { x: -2n }, 'fffffffffffffffe'],
  ['i64 as a number', [['i64', 'x']], { x: -2 }, 'fffffffffffffffe', { x: -2n }],
  [
    'bool',
    [
      ['bool', 'x'],
      ['bool', 'y'],
    ],
    { x: true, y: false },
    '0100',
  ],
  ['f64', [['f64', 'x']], { x: -1.5 }, '000000000000f8bf'],
  ['alias of f64', [['vl_api_timestamp_t', 'x']], { x: 1 }, '000000000000f03f'],
  ['alias of u32', [['vl_api_interface_index_t', 'x']], { x: 7 }, '00000007'],
  ['alias of u8[3]', [['vl_api_key_t', 'x']], { x: octets('010203') }, '010203'],
  [
    'alias of an array of structs',
    [['vl_api_pairs_t', 'x']],
    {
      x: [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    },
    '010002030004',
  ],
  ['fixed string', [['string', 'x', 4]], { x: 'abc' }, '61626300'],
  ['fixed string, empty', [['string', 'x', 4]], { x: '' }, '00000000'],
  ['fixed string, UTF-8', [['string', 'x', 4]], { x: 'é' }, 'c3a90000'],
  ['variable string', [['string', 'x', 0]], { x: 'hé' }, '0000000368c3a9'],
  ['variable string, empty', [['string', 'x', 0]], { x: '' }, '00000000'],
  ['variable string with a NUL', [['string', 'x', 0]], { x: 'a\0b' }, '00000003610062'],
  [
    'variable string before other fields',
    [
      ['string', 'x', 0],
      ['u16', 'y'],
      ['string', 'z', 0],
    ],
    { x: 'ab', y: 3, z: 'c' },
    '00000002616200030000000163',
  ],
  ['u8 array', [['u8', 'x', 3]], { x: octets('0a0b0c') }, '0a0b0c'],
  ['u8 array from hex', [['u8', 'x', 3]], { x: '0A0b0c' }, '0a0b0c', { x: octets('0a0b0c') }],
  ['u16 array', [['u16', 'x', 2]], { x: [1, 2] }, '00010002'],
  ['bool array', [['bool', 'x', 2]], { x: [true, false] }, '0100'],
  ['struct', [['vl_api_pair_t', 'x']], { x: { a: 1, b: 2 } }, '010002'],
  [
    'counted',
    [
      ['u8', 'n'],
      ['u16', 'x', 0, 'n'],
    ],
    { x: [1, 2] },
    '0200010002',
    { n: 2, x: [1, 2] },
  ],
  [
    'counted, none',
    [
      ['u32', 'n'],
      ['u16', 'x', 0, 'n'],
    ],
    { x: [] },
    '00000000',
    { n: 0, x: [] },
  ],
  [
    'counted, count given',
    [
      ['u16', 'n'],
      ['u16', 'x', 0, 'n'],
    ],
    { n: 1, x: [9] },
    '00010009',
  ],
  [
    'counted u8',
    [
      ['u16', 'n'],
      ['u8', 'x', 0, 'n'],
    ],
    { x: octets('010203') },
    '0003010203',
    { n: 3, x: octets('010203') },
  ],
  [
    'counted u8 from hex',
    [
      ['u16', 'n'],
      ['u8', 'x', 0, 'n'],
    ],
    { x: '010203' },
    '0003010203',
    { n: 3, x: octets('010203') },
  ],
  [
    'two lists with one count, and a field after them',
    [
      ['u8', 'n'],
      ['u8', 'x', 0, 'n'],
      ['vl_api_pair_t', 'y', 0, 'n'],
      ['u8', 'z'],
    ],
    { x: octets('ff'), y: [{ a: 1, b: 2 }], z: 3 },
    '01ff01000203',
    { n: 1, x: octets('ff'), y: [{ a: 1, b: 2 }], z: 3 },
  ],
  [
    'counted elements of different sizes',
    [
      ['u8', 'count'],
      ['vl_api_item_t', 'items', 0, 'count'],
      ['u8', 'end'],
    ],
    { items: [{ v: [1] }, { v: [] }, { v: [2, 3] }], end: 4 },
    '0301000100020002000304',
    {
      count: 3,
      items: [
        { n: 1, v: [1] },
        { n: 0, v: [] },
        { n: 2, v: [2, 3] },
      ],
      end: 4,
    },
  ],
  [
    'array of structs with strings',
    [['vl_api_labelled_t', 'x', 2]],
    {
      x: [
        { color: 'RED', label: 'a' },
        { color: 'GREEN', label: '' },
      ],
    },
    '0100000001610200000000',
  ],
  ['enum', [['vl_api_color_t', 'x']], { x: 'RED' }, '01'],
  ['enum by number', [['vl_api_color_t', 'x']], { x: 1 }, '01', { x: 'RED' }],
  ['enum, second name', [['vl_api_color_t', 'x']], { x: 'LIME' }, '02', { x: 'GREEN' }],
  ['enum i8', [['vl_api_level_t', 'x']], { x: 'LOW' }, 'ff'],
  ['enum u16', [['vl_api_port_t', 'x']], { x: 'HTTPS' }, '01bb'],
  ['enum u64', [['vl_api_huge_t', 'x']], { x: 'TOP' }, '8000000000000000'],
  ['flags', [['vl_api_rights_t', 'x']], { x: ['WRITE', 'READ'] }, '03', { x: ['READ', 'WRITE'] }],
  ['flags, none', [['vl_api_rights_t', 'x']], { x: [] }, '00'],
  ['flags, the name of none', [['vl_api_rights_t', 'x']], { x: ['NONE'] }, '00', { x: [] }],
  ['flags by number', [['vl_api_rights_t', 'x']], { x: 2 }, '02', { x: ['WRITE'] }],
  [
    'flags, one for several',
    [['vl_api_rights_t', 'x']],
    { x: ['ALL'] },
    '07',
    { x: ['READ', 'WRITE', 4] },
  ],
  ['flags u16', [['vl_api_word_t', 'x']], { x: ['A', 'B'] }, '8001'],
  ['flags i8', [['vl_api_signed_t', 'x']], { x: ['LOW_BIT', 'HIGH_BIT'] }, '81'],
  ['flags u64', [['vl_api_wide_t', 'x']], { x: ['FIRST', 'LAST'] }, '8000000000000001'],
  [
    'flags u64 by number',
    [['vl_api_wide_t', 'x']],
    { x: 1n },
    '0000000000000001',
    { x: ['FIRST'] },
  ],
  [
    'union by discriminator, smaller member',
    [
      ['vl_api_holder_t', 'x'],
      ['u8', 'y'],
    ],
    { x: { shape: 'SQUARE', figure: { square: { a: 1, b: 2 } } }, y: 5 },
    '000000040100020005',
  ],
  [
    'union by discriminator, larger member',
    [['vl_api_holder_t', 'x']],
    { x: { shape: 'CIRCLE', figure: { circle: 0x01020304 } } },
    '0000000001020304',
  ],
  [
    'union of octets',
    [['vl_api_holder_t', 'x']],
    { x: { shape: 'NOTHING', figure: octets('01020304') } },
    '0000000901020304',
  ],
  [
    'union without discriminator',
    [['vl_api_figure_t', 'x']],
    { x: { square: { a: 1, b: 2 } } },
    '01000200',
    { x: octets('01000200') },
  ],
  ['IPv4 address', [['vl_api_ip4_address_t', 'x']], { x: '10.0.0.1' }, '0a000001'],
  [
    'IPv6 address',
    [['vl_api_ip6_address_t', 'x']],
    { x: 'FD00:0::1.2.3.4' },
    'fd000000000000000000000001020304',
    { x: 'fd00::102:304' },
  ],
  ['MAC address', [['vl_api_mac_address_t', 'x']], { x: '02:fe:00:00:00:01' }, '02fe00000001'],
  [
    'address, IPv4',
    [['vl_api_address_t', 'x']],
    { x: '10.0.0.1' },
    '000a000001000000000000000000000000',
  ],
  [
    'address, IPv6',
    [['vl_api_address_t', 'x']],
    { x: 'fd00::1' },
    '01fd000000000000000000000000000001',
  ],
  [
    'prefix, IPv4, host bits kept',
    [['vl_api_prefix_t', 'x']],
    { x: '10.0.0.1/24' },
    '000a00000100000000000000000000000018',
  ],
  [
    'prefix, IPv6',
    [['vl_api_prefix_t', 'x']],
    { x: '::/0' },
    '010000000000000000000000000000000000',
  ],
  ['IPv4 prefix', [['vl_api_ip4_prefix_t', 'x']], { x: '10.0.0.0/8' }, '0a00000008'],
  [
    'IPv6 prefix',
    [['vl_api_ip6_prefix_t', 'x']],
    { x: 'fd00::/128' },
    'fd00000000000000000000000000000080',
  ],
  [
    'list of addresses',
    [['vl_api_ip4_address_t', 'x', 2]],
    { x: ['1.2.3.4', '5.6.7.8'] },
    '0102030405060708',
  ],
];

describe('the type system', () => {
  for (const [title, fields, value, bytes, decoded] of ROWS) {
    it(title, () => {
      const codec = codecOf(...fields);
      const message = codec.encode(0x1234, 1, 2, value);
      assert.equal(message.toString('hex'), `1234${bytes}`);
      assert.deepEqual(codec.decode(message), decoded ?? value);
    });
  }

  it('writes over whatever the buffer held', () => {
    for (const [title, fields, value, bytes] of ROWS) {
      const codec = codecOf(...fields);
      const size = codec.check(value);
      const target = Buffer.alloc(size + 6, 0xaa);
      assert.equal(codec.put(target, 3, 0x1234, 1, 2, value), 3 + size, title);
      assert.equal(target.toString('hex'), `aaaaaa1234${bytes}aaaaaa`, title);
    }
  });

  it('writes nothing beyond a buffer that is too short', () => {
    for (const [title, fields, value] of ROWS) {
      const codec = codecOf(...fields);
      for (let short = codec.check(value) - 1; short >= 0; short--) {
        const pool = Buffer.alloc(short + 64, 0xaa);
        assert.equal(codec.put(pool.subarray(0, short), 0, 1, 1, 2, value), -1, title);
        assert.ok(pool.subarray(short).every((byte) => byte === 0xaa));
      }
    }
  });

  it('decodes what the definition does not have', () => {
    const rows: [type: string, bytes: string, value: unknown][] = [
      ['vl_api_color_t', '63', 99],
      ['vl_api_level_t', '80', -128],
      ['vl_api_huge_t', '0000000000000002', 2n],
      ['vl_api_huge_t', 'ffffffffffffffff', 0xffffffffffffffffn],
      ['vl_api_rights_t', '81', ['READ', 128]],
      ['vl_api_wide_t', '0000000000000003', ['FIRST', 2n]],
      ['bool', '02', true],
      ['vl_api_address_t', `07${'01'.repeat(16)}`, `af 7: ${'01'.repeat(16)}`],
      ['vl_api_prefix_t', `000a000001${'00'.repeat(12)}ff`, '10.0.0.1/255'],
      ['f64', '000000000000f07f', Infinity],
    ];
    for (const [type, bytes, value] of rows) {
      const decoded = codecOf([type, 'x']).decode(octets(`1234${bytes}`));
      assert.deepEqual(decoded, { x: value }, type);
    }
  });

  it('ends a fixed string at its first NUL, or with its field', () => {
    const codec = codecOf(['string', 'x', 4]);
    assert.deepEqual(codec.decode(octets('000061006263')), { x: 'a' });
    assert.deepEqual(codec.decode(octets('000061626364')), { x: 'abcd' });
  });

  it('leaves out what has a default', () => {
    const codec = codecOf(
      ['u32', 'a', { default: 4294967295 }],
      ['bool', 'b', { default: 'true' }],
      ['bool', 'c', { default: false }],
      ['u64', 'd', { default: 5 }],
      ['f64', 'e', { default: 1 }],
      ['vl_api_color_t', 'f', { default: 2 }],
      ['vl_api_color_t', 'g', { default: 77 }],
      ['vl_api_rights_t', 'h', { default: 3 }],
      ['bool', 'i', { default: 4294967295 }],
      ['vl_api_interface_index_t', 'j', { default: 4294967295 }],
    );
    const bytes = 'ffffffff0100' + '0000000000000005' + '000000000000f03f' + '024d0301ffffffff';
    assert.equal(codec.encode(0, 0, 0, {}).toString('hex'), `0000${bytes}`);
    assert.equal(codec.encode(0, 0, 0, { a: undefined, b: true }).toString('hex'), `0000${bytes}`);
    const given = codec.encode(0, 0, 0, { a: 1, b: false, f: 'RED' });
    assert.equal(given.toString('hex').slice(4, 16), '000000010000');
  });

  it('a default that the type cannot hold is none', () => {
    const codec = codecOf(['vl_api_color_t', 'x', { default: 256 }]);
    assert.throws(() => codec.check({}), { code: 'VPP_FIELD_INVALID' });
  });

  it('shares nothing with the message it decoded', () => {
    const codec = codecOf(
      ['u8', 'x', 2],
      ['u8', 'n'],
      ['u8', 'y', 0, 'n'],
      ['vl_api_figure_t', 'z'],
    );
    const message = octets('0000' + '0102' + '0103' + '04050607');
    const decoded = codec.decode(message);
    message.fill(0xff);
    assert.deepEqual(decoded, { x: octets('0102'), n: 1, y: octets('03'), z: octets('04050607') });
  });
});
