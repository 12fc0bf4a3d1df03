import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { parseModules, parseSources } from '../../../../src/vpp-api/schema/parse-module.js';
import { apiModule, bareMessage } from '../../../support/vpp-modules.js';
import { vppReleases } from '../../../support/vpp-releases.js';

const crc = { crc: '0x0000000a', options: {} };

describe('parseModules', () => {
  it('has every definition of a release', () => {
    const schema = parseModules(vppReleases().at(-1)?.modules);
    assert.equal(schema.messages.size, 2093);
    assert.equal(schema.modules.size, 150);
    assert.deepEqual(schema.modules.get('memif')?.version, '3.1.0');
    const dump = schema.messages.get('sw_interface_dump');
    assert.deepEqual(
      { ...dump, fields: dump?.fields.map(({ name }) => name) },
      {
        name: 'sw_interface_dump',
        crc: 'aa610c27',
        key: 'sw_interface_dump_aa610c27',
        module: 'interface',
        hasClientIndex: true,
        hasContext: true,
        fields: ['sw_if_index', 'name_filter_valid', 'name_filter'],
        options: new Map(),
      },
    );
    const prefix = schema.types.get('prefix');
    assert.ok(prefix?.kind === 'struct');
    assert.deepEqual(prefix.fields[0], {
      name: 'address',
      type: 'address',
      repeat: { kind: 'one' },
      default: undefined,
      discriminator: undefined,
    });
    assert.deepEqual(schema.types.get('mac_address'), {
      kind: 'alias',
      name: 'mac_address',
      type: 'u8',
      length: 6,
    });
  });

  it('says what answers a request', () => {
    const { services } = parseModules(vppReleases().at(-1)?.modules);
    const none = { stream: false, streamMessage: undefined, events: [] };
    const rows: [request: string, service: object][] = [
      ['control_ping', { ...none, reply: 'control_ping_reply' }],
      ['sw_interface_dump', { ...none, reply: 'sw_interface_details', stream: true }],
      [
        'sw_interface_tx_placement_get',
        {
          ...none,
          reply: 'sw_interface_tx_placement_get_reply',
          stream: true,
          streamMessage: 'sw_interface_tx_placement_details',
        },
      ],
      [
        'want_interface_events',
        { ...none, reply: 'want_interface_events_reply', events: ['sw_interface_event'] },
      ],
      ['rx_thread_exit', { ...none, reply: undefined }],
    ];
    for (const [request, service] of rows) {
      assert.deepEqual(services.get(request), { request, ...service });
    }
  });

  it('takes one module, as a file has it, and leaves alone what it does not know', () => {
    const file = {
      messages: [['m', ['u16', '_vl_msg_id'], { ...crc, comment: '/* text */' }]],
      counters: [['new in 23.10']],
      paths: [],
    };
    const schema = parseModules(file);
    assert.deepEqual([...schema.messages.keys()], ['m']);
    assert.equal(schema.messages.get('m')?.module, 'module');
    const named = parseSources([{ json: file, name: 'vxlan', at: ['plugins/vxlan.api.json'] }]);
    assert.equal(named.messages.get('m')?.module, 'vxlan');
  });

  it('keeps options of messages', () => {
    const options = { deprecated: null, status: 'in_progress' };
    const schema = parseModules([
      apiModule({ messages: [['m', ['u16', '_vl_msg_id'], { crc: '0x0000000a', options }]] }),
    ]);
    assert.deepEqual(
      schema.messages.get('m')?.options,
      new Map([
        ['deprecated', ''],
        ['status', 'in_progress'],
      ]),
    );
  });

  it('keeps apart what two modules define under one name, and what refers to it', () => {
    const inner = (type: string): unknown[] => ['inner', [type, 'x']];
    const outer = ['outer', ['vl_api_inner_t', 'y'], { comment: '/* text */' }];
    const message = (name: string): unknown[] => bareMessage(name, ['vl_api_outer_t', 'z']);
    const schema = parseModules([
      apiModule({ module: 'a', types: [inner('u8'), outer], messages: [message('m1')] }),
      apiModule({
        module: 'b',
        types: [inner('u32'), outer.slice(0, 2)],
        messages: [message('m2')],
      }),
      apiModule({
        module: 'c',
        types: [outer.slice(0, 2), inner('u8')],
        messages: [message('m3')],
      }),
    ]);
    const typeOf = (name: string): string | undefined => schema.messages.get(name)?.fields[0]?.type;
    assert.deepEqual(['m1', 'm2', 'm3'].map(typeOf), ['outer', 'outer@b', 'outer']);
    const other = schema.types.get('outer@b');
    assert.ok(other?.kind === 'struct');
    assert.equal(other.fields[0]?.type, 'inner@b');
    assert.equal(schema.types.size, 4);
  });

  it('takes a message twice if it is the same', () => {
    const module = apiModule({ messages: [bareMessage('m', ['u8', 'x'])] });
    assert.equal(parseModules([module, module]).messages.size, 1);
  });

  const type = (...fields: readonly unknown[]): unknown => apiModule({ types: [['t', ...fields]] });
  const message = (...parts: readonly unknown[]): unknown => apiModule({ messages: [parts] });
  const id = ['u16', '_vl_msg_id'];

  const BAD: readonly (readonly [json: unknown, path: string, wanted: RegExp])[] = [
    [7, '/', /a list/],
    [null, '/', /a list/],
    [['text'], '/0', /an object/],
    [[{ types: {} }], '/0/types', /a list/],
    [[{ messages: 'all' }], '/0/messages', /a list/],
    [[{ module: 5 }], '/0', /a string/],
    [[type('u8')], '/0/types/0/1', /a list/],
    [[type(['u8', 'a-b'])], '/0/types/0/1', /a name/],
    [[type(['u8', '__proto__'])], '/0/types/0/1', /a name/],
    [[type(['u8', 'x', -1])], '/0/types/0/1', /a length/],
    [[type(['u8', 'x', 1e9])], '/0/types/0/1', /a length/],
    [[type(['u8', 'x', 0])], '/0/types/0/1', /the field that counts/],
    [[type(['u8', 'x', { default: [] }])], '/0/types/0/1', /a default/],
    [[type(['u8', 'x'], ['u8', 'x'])], '/0/types/0/2', /a name used once/],
    [[type(['u8', 'x', 0, 'n'])], '/0/types/0', /an integer field before x/],
    [[type(['u8', 'x', 0, 'n'], ['u8', 'n'])], '/0/types/0', /an integer field before x/],
    [[type(['f64', 'n'], ['u8', 'x', 0, 'n'])], '/0/types/0', /an integer field before x/],
    [[type(['u8', 'n', 2], ['u8', 'x', 0, 'n'])], '/0/types/0', /an integer field before x/],
    [[apiModule({ unions: [['u', { comment: '' }]] })], '/0/unions/0', /members/],
    [[apiModule({ enums: [['e', ['A', 1]]] })], '/0/enums/0', /an object/],
    [[apiModule({ enums: [['e', ['A', '1'], { enumtype: 'u8' }]] })], '/0/enums/0/1', /an integer/],
    [[apiModule({ enums: [['e', { enumtype: 'f64' }]] })], '/0/enums/0', /an integer type/],
    [[apiModule({ aliases: { a: 'u8' } })], '/0/aliases/a', /an object/],
    [[message('m', id)], '/0/messages/0', /an object/],
    [[message('m', id, {})], '/0/messages/0', /a string/],
    [[message('m', id, { crc: '51077d14' })], '/0/messages/0', /a CRC/],
    [[message('m', crc)], '/0/messages/0', /no u16 _vl_msg_id/],
    [[message('m', ['u32', '_vl_msg_id'], crc)], '/0/messages/0', /no u16 _vl_msg_id/],
    [[message('0', id, crc)], '/0/messages/0', /a name/],
    [
      [apiModule({ messages: [bareMessage('m'), ['m', id, crc]] })],
      '/0/messages/1',
      /the message of test, m_01020304/,
    ],
    [[apiModule({ services: { m: { reply: 3 } } })], '/0/services/m', /a name/],
    [[apiModule({ services: { m: { events: 'e' } } })], '/0/services/m', /a list/],
  ];

  it(`refuses what is not in VPP's form, ${BAD.length} ways`, () => {
    for (const [json, path, wanted] of BAD) {
      assert.throws(
        () => parseModules(json),
        (error) => {
          assert.ok(error instanceof NfvError, String(error));
          assert.equal(error.code, 'VPP_SCHEMA_INVALID');
          assert.equal(error.violations[0]?.field, path, error.message);
          assert.match(error.message, wanted);
          return true;
        },
        JSON.stringify(json),
      );
    }
  });
});
