/** Values that must not reach VPP: the error names the field, what is wrong and what would be right. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import { createCodec, type MessageCodec } from '../../../../src/vpp-api/codec/codec.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { apiModule, bareMessage } from '../../../support/vpp-modules.js';
import { vppReleases } from '../../../support/vpp-releases.js';
import { routeFields } from '../../../support/vpp-routes.js';
import { WireSampler } from '../../../support/vpp-wire.js';

const modules = vppReleases().at(-1)?.modules ?? [];
const codec = createCodec(parseModules(modules));

const all = createCodec(
  parseModules([
    apiModule({
      types: [['figures', ['u8', 'n'], ['vl_api_figure_t', 'list', 0, 'n']]],
      unions: [['figure', ['u8', 'small'], ['u32', 'large']]],
      messages: [
        bareMessage(
          'numbers',
          ['u8', 'u8'],
          ['u16', 'u16'],
          ['u32', 'u32'],
          ['u64', 'u64'],
          ['i8', 'i8'],
          ['i16', 'i16'],
          ['i32', 'i32'],
          ['i64', 'i64'],
          ['f64', 'f64'],
          ['bool', 'bool'],
        ),
        bareMessage('texts', ['string', 'fixed', 4], ['string', 'free', 0]),
        bareMessage(
          'lists',
          ['u16', 'exact', 2],
          ['u8', 'octets', 2],
          ['u8', 'n'],
          ['u8', 'bytes', 0, 'n'],
          ['u16', 'm'],
          ['u16', 'words', 0, 'm'],
          ['u32', 'more', 0, 'm'],
        ),
        bareMessage('unions', ['vl_api_figures_t', 'figures']),
      ],
    }),
  ]),
);

const NUMBERS = {
  u8: 0,
  u16: 0,
  u32: 0,
  u64: 0n,
  i8: 0,
  i16: 0,
  i32: 0,
  i64: 0n,
  f64: 0,
  bool: true,
};
const TEXTS = { fixed: '', free: '' };
const LISTS = { exact: [1, 2], octets: '0102', bytes: '', words: [], more: [] };

type Row = readonly [fields: unknown, path: string, reason: RegExp];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  numbers: [
    [{ ...NUMBERS, u8: 256 }, '/u8', /^out of range$/],
    [{ ...NUMBERS, u8: -1 }, '/u8', /^out of range$/],
    [{ ...NUMBERS, u8: 1.5 }, '/u8', /^not an integer$/],
    [{ ...NUMBERS, u8: NaN }, '/u8', /^not an integer$/],
    [{ ...NUMBERS, u8: '1' }, '/u8', /^not an integer$/],
    [{ ...NUMBERS, u8: null }, '/u8', /^not an integer$/],
    [{ ...NUMBERS, u8: 1n }, '/u8', /^a bigint where a number fits$/],
    [{ ...NUMBERS, u8: Symbol('1') }, '/u8', /^not an integer$/],
    [{ ...NUMBERS, u16: 65536 }, '/u16', /^out of range$/],
    [{ ...NUMBERS, u32: 2 ** 32 }, '/u32', /^out of range$/],
    [{ ...NUMBERS, u32: -1 }, '/u32', /^out of range$/],
    [{ ...NUMBERS, u32: Infinity }, '/u32', /^not an integer$/],
    [{ ...NUMBERS, u64: 2n ** 64n }, '/u64', /^out of range$/],
    [{ ...NUMBERS, u64: -1n }, '/u64', /^out of range$/],
    [{ ...NUMBERS, u64: 2 ** 53 }, '/u64', /^not a safe integer$/],
    [{ ...NUMBERS, u64: 0.5 }, '/u64', /^not an integer$/],
    [{ ...NUMBERS, i8: 128 }, '/i8', /^out of range$/],
    [{ ...NUMBERS, i16: -32769 }, '/i16', /^out of range$/],
    [{ ...NUMBERS, i32: 2 ** 31 }, '/i32', /^out of range$/],
    [{ ...NUMBERS, i64: 2n ** 63n }, '/i64', /^out of range$/],
    [{ ...NUMBERS, f64: NaN }, '/f64', /^not a finite number$/],
    [{ ...NUMBERS, f64: Infinity }, '/f64', /^not a finite number$/],
    [{ ...NUMBERS, f64: '1' }, '/f64', /^not a finite number$/],
    [{ ...NUMBERS, f64: 1n }, '/f64', /^not a finite number$/],
    [{ ...NUMBERS, bool: 1 }, '/bool', /^not true or false$/],
    [{ ...NUMBERS, bool: 'true' }, '/bool', /^not true or false$/],
    [undefined, '', /^missing$/],
    [null, '', /^not an object$/],
    ['text', '', /^not an object$/],
    [[], '/u8', /^missing$/],
  ],
  texts: [
    [{ ...TEXTS, fixed: 'abcd' }, '/fixed', /^4 bytes, too long$/],
    [{ ...TEXTS, fixed: 'éé' }, '/fixed', /^4 bytes, too long$/],
    [{ ...TEXTS, fixed: 'a\0' }, '/fixed', /^has a NUL$/],
    [{ ...TEXTS, fixed: '\ud800' }, '/fixed', /^not well-formed Unicode$/],
    [{ ...TEXTS, fixed: 1 }, '/fixed', /^not a string$/],
    [{ ...TEXTS, free: '\udc00x' }, '/free', /^not well-formed Unicode$/],
    [{ ...TEXTS, free: Buffer.from('x') }, '/free', /^not a string$/],
  ],
  lists: [
    [{ ...LISTS, exact: [1] }, '/exact', /^1 elements$/],
    [{ ...LISTS, exact: [1, 2, 3] }, '/exact', /^3 elements$/],
    [{ ...LISTS, exact: { length: 2, 0: 1, 1: 2 } }, '/exact', /^not a list$/],
    [{ ...LISTS, exact: [1, 65536] }, '/exact/1', /^out of range$/],
    [{ ...LISTS, exact: Array(2) }, '/exact/0', /^missing$/],
    [{ ...LISTS, octets: '01' }, '/octets', /^1 bytes$/],
    [{ ...LISTS, octets: '010' }, '/octets', /^not a list$/],
    [{ ...LISTS, octets: Buffer.alloc(3) }, '/octets', /^3 bytes$/],
    [{ ...LISTS, octets: [1, 2] }, '/octets', /^2 elements$/],
    [{ ...LISTS, bytes: Buffer.alloc(256) }, '/bytes', /^256 bytes$/],
    [{ ...LISTS, words: Array(65536).fill(0) }, '/words', /^65536 elements$/],
    [{ ...LISTS, n: 1 }, '/n', /^not the number of elements, 0$/],
    [{ ...LISTS, n: 256 }, '/n', /^out of range$/],
    [{ ...LISTS, m: 1, words: [1], more: [] }, '/m', /^not the number of elements, 0$/],
    [{ ...LISTS, words: [1], more: [] }, '/m', /^not the number of elements, 0$/],
  ],
  unions: [
    [{ figures: { list: [{ small: 1, large: 2 }] } }, '/figures/list/0', /^not one member$/],
    [{ figures: { list: [{ small: 1 }, {}] } }, '/figures/list/1', /^not one member$/],
    [{ figures: { list: [{ middle: 1 }] } }, '/figures/list/0', /^not one member$/],
    [{ figures: { list: ['00000000'] } }, '/figures/list/0', /^not one member$/],
    [{ figures: { list: [{ small: 256 }] } }, '/figures/list/0/small', /^out of range$/],
    [{ figures: { list: [Buffer.alloc(3)] } }, '/figures/list/0', /^not of that length$/],
  ],
};

const path0 = (changes: Readonly<Record<string, unknown>>): unknown => {
  const { route, ...fields } = routeFields();
  return { ...fields, route: { ...route, paths: [{ ...route.paths[0], ...changes }] } };
};

const ROUTE_ROWS: readonly Row[] = [
  [path0({ type: 77 }), '/route/paths/0/type', /^not a value of this enum$/],
  [
    path0({ type: 'FIB_API_PATH_TYPE_NORMALL' }),
    '/route/paths/0/type',
    /^no such value; there is FIB_API_PATH_TYPE_NORMAL$/,
  ],
  [path0({ flags: ['FIB_API_PATH_FLAG_X'] }), '/route/paths/0/flags', /^not a list of FIB_API/],
  [path0({ flags: 8 }), '/route/paths/0/flags', /^not a list of FIB_API/],
  [path0({ flags: 'FIB_API_PATH_FLAG_NONE' }), '/route/paths/0/flags', /^not a list of/],
  [path0({ weight: undefined }), '/route/paths/0/weight', /^missing$/],
  [path0({ label_stack: [] }), '/route/paths/0/label_stack', /^0 elements$/],
  [path0({ nh: undefined }), '/route/paths/0/nh', /^missing$/],
  [path0({ nh: { address: '10.0.0' } }), '/route/paths/0/nh/address', /^not an IPv4 or IPv6/],
  [
    path0({ proto: 'FIB_API_PATH_NH_PROTO_IP6' }),
    '/route/paths/0/nh/address',
    /^not what its discriminator says, an IPv6 address$/,
  ],
  [
    { ...routeFields(), route: { ...routeFields().route, n_paths: 2 } },
    '/route/n_paths',
    /elements, 1$/,
  ],
  [
    { ...routeFields(), route: { ...routeFields().route, prefix: '10.0.0.0/33' } },
    '/route/prefix',
    /^not a prefix/,
  ],
  [{ ...routeFields(), is_ad: true }, '/is_ad', /^unknown field of ip_route_add_del_v2$/],
];

/** What a caller in JavaScript could give. */
function checkAny(message: MessageCodec, fields: unknown): unknown {
  return Reflect.apply(message.check.bind(message), undefined, [fields]);
}

function fault(message: MessageCodec, fields: unknown): NfvError {
  try {
    checkAny(message, fields);
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    return error;
  }
  assert.fail('it was not refused');
}

/** The largest message that the sampler makes fits. */
const ROOM = Buffer.alloc(1024 * 1024);

describe('fields that are refused', () => {
  const check = (message: MessageCodec, [fields, path, reason]: Row): void => {
    const error = fault(message, fields);
    assert.equal(error.code, 'VPP_FIELD_INVALID');
    const [violation] = error.violations;
    assert.equal(violation?.field, path, error.message);
    assert.match(violation.reason, reason);
    assert.match(error.message, new RegExp(`^${message.name}: `));
    assert.notEqual(violation.remedy, '');
    const encode: () => unknown = () =>
      Reflect.apply(message.encode.bind(message), undefined, [1, 2, 3, fields]);
    assert.throws(encode, { code: error.code });
  };

  for (const [name, rows] of Object.entries(ROWS)) {
    it(`${name}, ${rows.length} ways`, () => {
      for (const row of rows) check(all.message(name), row);
    });
  }

  it('ip_route_add_del_v2', () => {
    for (const row of ROUTE_ROWS) check(codec.message('ip_route_add_del_v2'), row);
  });

  it('names the field that was meant', () => {
    const route = codec.message('ip_route_add_del_v2');
    const { is_multipath, ...rest } = routeFields();
    const misspelt = fault(route, { ...rest, is_multipaht: is_multipath });
    assert.equal(misspelt.violations[0]?.reason, 'missing (there is is_multipaht)');
    const unknown = fault(route, { ...routeFields(), is_ad: true });
    assert.equal(unknown.violations[0]?.remedy, 'did you mean is_add?');
    assert.equal(
      fault(route, { ...routeFields(), zzz: 1 }).violations[0]?.remedy,
      'give only is_add, is_multipath, route',
    );
  });

  it('takes fields from a prototype, and methods do not count', () => {
    class Fields {
      readonly sw_if_index = 1;
      readonly enable = true;
      helper(): number {
        return this.sw_if_index;
      }
    }
    const message = codec.message('sw_interface_ip6_enable_disable');
    assert.equal(checkAny(message, new Fields()), 15);
    const inherited: unknown = Object.create({ sw_if_index: 1, enable: true });
    assert.equal(checkAny(message, inherited), 15);
  });

  it('any one value of any message replaced: a typed error, or the size that is written', function () {
    this.timeout(60_000);
    const sampler = new WireSampler(modules, modules);
    const junk = [
      undefined,
      null,
      NaN,
      -1,
      1.5,
      2 ** 70,
      5n,
      '',
      'zz',
      true,
      [],
      {},
      Buffer.alloc(1),
    ];
    const property = fc.property(
      fc.constantFrom(...sampler.names),
      fc.integer(),
      fc.nat(),
      fc.constantFrom(...junk),
      (name, seed, place, value) => {
        const { give } = sampler.message(name, seed, { id: 1, client: 2, context: 3 });
        const message = codec.message(name);
        const places = placesIn(give);
        const [holder, key] = places[place % Math.max(1, places.length)] ?? [give, 'nothing'];
        Reflect.set(holder, key, value);
        const end = message.put(ROOM, 0, 1, 2, 3, give);
        try {
          const size = message.check(give);
          assert.equal(end, size, 'check passes what put refuses');
          const encoded = message.encode(1, 2, 3, give);
          assert.equal(encoded.length, size);
          message.decode(encoded);
        } catch (error) {
          assert.ok(error instanceof NfvError, String(error));
          assert.equal(error.code, 'VPP_FIELD_INVALID');
          assert.equal(end, -1, 'put takes what check refuses');
          assert.match(error.violations[0]?.field ?? '', /^(\/\w+)+$/);
        }
      },
    );
    fc.assert(property, { numRuns: 5000 });
  });
});

/** Every object or list in `value` with each of its keys. */
function placesIn(value: unknown): [holder: object, key: string][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.keys(value).flatMap((key) => {
    const inner: unknown = Reflect.get(value, key);
    return [[value, key] satisfies [object, string], ...placesIn(inner)];
  });
}
