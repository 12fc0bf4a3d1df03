import assert from 'node:assert/strict';
import { NO_PAINT } from '../../../../src/cli/style.js';
import { definitionData, definitionText, fieldsText } from '../../../../src/cli/vpp/definition.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { apiModule, bareMessage } from '../../../support/vpp-modules.js';

const module = apiModule({
  enums: [['colour', ['RED', 1], ['BLUE', 2], { enumtype: 'u8' }]],
  enumflags: [['way', ['UP', 1], ['DOWN', 2], { enumtype: 'u16' }]],
  aliases: { index: { type: 'u32' }, key: { type: 'u8', length: 4 } },
  types: [['point', ['u64', 'x'], ['vl_api_key_t', 'key']]],
  unions: [['either', ['u8', 'a'], ['vl_api_point_t', 'b']]],
  messages: [
    bareMessage(
      'paint',
      ['vl_api_index_t', 'index', { default: 7 }],
      ['vl_api_colour_t', 'colour'],
      ['vl_api_way_t', 'way'],
      ['vl_api_either_t', 'either'],
      ['u8', 'n'],
      ['vl_api_point_t', 'points', 0, 'n'],
      ['u32', 'four', 4],
      ['string', 'name', 64],
    ),
    bareMessage('paint_reply', ['i32', 'retval']),
  ],
  services: { paint: { reply: 'paint_reply' } },
});

describe('the definition of a message', () => {
  const schema = parseModules([module]);
  const definition = schema.messages.get('paint');
  const known = { name: 'paint', crc: '01020304', id: 9, kind: 'request', definition } as const;

  it('for people has all types it refers to, and how it is used', () => {
    assert.equal(
      definitionText(known, schema, NO_PAINT),
      `Name:    paint
CRC:     01020304
ID:      9
Kind:    request
Module:  test
Reply:   paint_reply
Fields (8):
  NAME     TYPE         DEFAULT
  index    index        7
  colour   colour
  way      way
  either   either
  n        u8
  points   point[n]
  four     u32[4]
  name     string[64]
Types (6):
  index: u32
  colour: u8, one of RED, BLUE
  way: u16, any of UP, DOWN
  either: one of { a: u8, b: point }
  point: { x: u64, key: key }
  key: u8[4]
Use:
  nfvctl vpp call paint --json '{"colour":0,"way":[],"either":{"a":0},"points":[],"four":[0,0,0,0],"name":""}'
`,
    );
  });

  it('for programs has the same', () => {
    const data: unknown = JSON.parse(JSON.stringify(definitionData(known, schema)));
    assert.deepEqual(data, {
      name: 'paint',
      crc: '01020304',
      id: 9,
      kind: 'request',
      module: 'test',
      reply: 'paint_reply',
      fields: [
        { name: 'index', type: 'index', default: 7 },
        { name: 'colour', type: 'colour' },
        { name: 'way', type: 'way' },
        { name: 'either', type: 'either' },
        { name: 'n', type: 'u8' },
        { name: 'points', type: 'point[n]' },
        { name: 'four', type: 'u32[4]' },
        { name: 'name', type: 'string[64]' },
      ],
      types: [
        { name: 'index', kind: 'alias', of: 'u32' },
        { name: 'colour', kind: 'enum', of: 'u8', values: { RED: 1, BLUE: 2 } },
        { name: 'way', kind: 'flags', of: 'u16', values: { UP: 1, DOWN: 2 } },
        {
          name: 'either',
          kind: 'union',
          members: [
            { name: 'a', type: 'u8' },
            { name: 'b', type: 'point' },
          ],
        },
        {
          name: 'point',
          kind: 'struct',
          fields: [
            { name: 'x', type: 'u64' },
            { name: 'key', type: 'key' },
          ],
        },
        { name: 'key', kind: 'alias', of: 'u8[4]' },
      ],
    });
  });

  it('in one line has names and types', () => {
    assert.equal(
      fieldsText(definition),
      'index:index colour:colour way:way either:either n:u8 points:point[n] four:u32[4] name:string[64]',
    );
    assert.equal(fieldsText(undefined), '');
  });
});
