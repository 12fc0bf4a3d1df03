import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { ApiSchema } from '../../../../src/vpp-api/schema/api-schema.js';
import { compat, requireFeature, requireMessage } from '../../../../src/vpp-api/schema/compat.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { vppReleases } from '../../../support/vpp-releases.js';

const releases = new Map(vppReleases().map(({ name, modules }) => [name, modules]));

const schemaOf = (release: string): ApiSchema => parseModules(releases.get(release));

/** The message table of a VPP with this schema. */
const tableOf = (schema: ApiSchema): Map<string, number> =>
  new Map([...schema.messages.values()].map(({ key }, i) => [key, i + 100]));

function without(table: ReadonlyMap<string, number>, pattern: RegExp): Map<string, number> {
  return new Map([...table].filter(([key]) => !pattern.test(key)));
}

/** The definitions of 26.06 with one text in them replaced by another. */
function changed(from: string, to: string): ApiSchema {
  const text = JSON.stringify(releases.get('26.06'));
  assert.ok(text.includes(from), from);
  return parseModules(JSON.parse(text.replaceAll(from, to)));
}

function problem(check: () => void): NfvError {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    return error;
  }
  assert.fail('nothing is wrong');
}

describe('compat', () => {
  const newest = schemaOf('26.06');
  const table = tableOf(newest);

  it('finds all of 26.06 ok', () => {
    const report = compat(newest, table);
    for (const [feature, { status, problems }] of report.features) {
      assert.deepEqual({ feature, status, problems }, { feature, status: 'ok', problems: [] });
      requireFeature(report, feature);
    }
    const statuses = new Set([...report.messages.values()].map(({ status }) => status));
    assert.deepEqual([...statuses], ['ok']);
    assert.equal(report.messages.size, 2093);
    assert.deepEqual(report.messages.get('control_ping'), {
      status: 'ok',
      name: 'control_ping',
      module: 'memclnt',
      id: table.get('control_ping_51077d14'),
    });
  });

  it('uses the newest request that a release has', () => {
    const uses = (release: string): readonly string[] => {
      const schema = schemaOf(release);
      const { features } = compat(schema, tableOf(schema));
      return [...features.values()].flatMap((feature) => feature.uses);
    };
    const rows: [older: string, newer: string, since: string, before: string][] = [
      ['bridge_domain_add_del', 'bridge_domain_add_del_v2', '23.06', '22.10'],
      ['memif_create', 'memif_create_v2', '23.06', '22.10'],
      ['ip_table_add_del', 'ip_table_add_del_v2', '24.10', '24.06'],
    ];
    for (const [older, newer, since, before] of rows) {
      assert.ok(uses(before).includes(older) && !uses(before).includes(newer), older);
      assert.ok(uses(since).includes(newer) && !uses(since).includes(older), newer);
    }
    assert.ok(uses('22.10').includes('ip_route_add_del_v2'));
  });

  it('says which features each release has', () => {
    for (const release of releases.keys()) {
      const schema = schemaOf(release);
      const { features } = compat(schema, tableOf(schema));
      const lacking = [...features]
        .filter(([, { status }]) => status !== 'ok')
        .map(([name]) => name);
      assert.deepEqual(lacking, release < '24.02' ? ['devices'] : [], release);
    }
  });

  it('names the API module of a plugin that is not loaded', () => {
    const report = compat(newest, without(table, /vxlan_(add|tunnel)|vxlan_bypass/));
    assert.equal(report.features.get('vxlan')?.status, 'missing');
    assert.equal(report.features.get('tap')?.status, 'ok');
    const error = problem(() => {
      requireFeature(report, 'vxlan');
    });
    assert.equal(error.code, 'VPP_MESSAGE_MISSING');
    assert.equal(
      error.message,
      'vxlan: VPP has no vxlan_add_del_tunnel_v3 (CRC 0072b037): API module vxlan is not loaded, or of another release',
    );
    assert.deepEqual(error.metadata, {
      message: 'vxlan_add_del_tunnel_v3',
      module: 'vxlan',
      known_crc: '0072b037',
    });
    assert.match(error.remedy, /load the plugin with API module vxlan/);
  });

  it('falls back to an older request, and needs its answers too', () => {
    const noV2 = compat(newest, without(table, /^vxlan_add_del_tunnel_v3_/));
    assert.equal(noV2.features.get('vxlan')?.status, 'ok');
    assert.deepEqual(noV2.features.get('vxlan')?.uses[0], 'vxlan_add_del_tunnel_v2');
    const noDetails = compat(newest, without(table, /^l2_xconnect_details/));
    assert.equal(noDetails.features.get('cross_connects')?.status, 'missing');
    const noEvent = compat(newest, without(table, /^sw_interface_event_/));
    assert.equal(noEvent.features.get('interfaces')?.status, 'missing');
  });

  it('a feature works without what is optional to it', () => {
    const report = compat(newest, without(table, /^get_api_json/));
    const core = report.features.get('core');
    assert.equal(core?.status, 'ok');
    assert.deepEqual(
      core.problems.map(({ name, status }) => [name, status]),
      [
        ['get_api_json', 'missing'],
        ['get_api_json_reply', 'missing'],
      ],
    );
    requireFeature(report, 'core');
  });

  const CHANGES: readonly (readonly [
    title: string,
    from: string,
    to: string,
    difference: string,
  ])[] = [
    ['a type', '["bool","bvi_mac"]', '["u8","bvi_mac"]', 'bvi_mac: u8, known as bool'],
    [
      'a length',
      '["u32","decap_next_index"],["u32","vni"]',
      '["u32","decap_next_index",2],["u32","vni"]',
      'decap_next_index: u32[2], known as u32',
    ],
    ['a field more', '["bool","bvi_mac"]', '["bool","bvi_mac"],["u8","age"]', 'age: u8, not known'],
    ['a field less', ',["bool","bvi_mac"]', '', 'bvi_mac: not there, known as bool'],
    [
      'another field',
      '["bool","filter_mac"]',
      '["bool","drop"]',
      'drop: bool in the place of filter_mac, bool',
    ],
    [
      'a type inside a type',
      '["u8","weight"]',
      '["u16","weight"]',
      'route.paths[].weight: u16, known as u8',
    ],
    [
      'an enum value more',
      '["FIB_API_PATH_TYPE_LOCAL",1]',
      '["FIB_API_PATH_TYPE_LOCAL",1],["NEW",99]',
      'route.paths[].type: has value NEW, not known',
    ],
    [
      'an enum value that moved',
      '["FIB_API_PATH_TYPE_LOCAL",1]',
      '["FIB_API_PATH_TYPE_LOCAL",98]',
      'route.paths[].type: FIB_API_PATH_TYPE_LOCAL is 98, known as 1',
    ],
    [
      'an enum value less',
      '["FIB_API_PATH_TYPE_LOCAL",1],',
      '',
      'route.paths[].type: lacks value FIB_API_PATH_TYPE_LOCAL',
    ],
    [
      'the length of an alias',
      '"mac_address":{"type":"u8","length":6}',
      '"mac_address":{"type":"u8","length":8}',
      'mac as mac_address: u8[8], known as u8[6]',
    ],
    [
      'a union member',
      '["vl_api_ip6_address_t","ip6",{"case":"ADDRESS_IP6"}]',
      '["u64","ip6",{"case":"ADDRESS_IP6"}]',
      'src_address.un.ip6: u64, known as ip6_address',
    ],
  ];

  for (const [title, from, to, difference] of CHANGES) {
    it(`names the field that differs: ${title}`, () => {
      const schema = changed(from, to);
      const names = ['l2fib_add_del', 'vxlan_add_del_tunnel_v3', 'ip_route_add_del_v2'];
      const found = names.map((name) => {
        const { table: other, schema: ours } = withCrc(schema, name, 'deadbeef');
        const state = compat(ours, other).messages.get(name);
        assert.ok(state?.status === 'changed', name);
        assert.equal(state.actual, 'deadbeef');
        return state.difference;
      });
      assert.ok(found.includes(difference), JSON.stringify(found));
    });
  }

  it('names message, both CRCs, module and field in the error', () => {
    const schema = changed('["bool","bvi_mac"]', '["u8","bvi_mac"]');
    const { table: other, schema: ours } = withCrc(schema, 'l2fib_add_del', 'deadbeef');
    const report = compat(ours, other);
    const text =
      'l2fib_add_del of API module l2 has CRC deadbeef in VPP, known eddda487: bvi_mac: u8, known as bool';
    const error = problem(() => {
      requireMessage(report, 'l2fib_add_del');
    });
    assert.equal(error.code, 'VPP_MESSAGE_CHANGED');
    assert.equal(error.message, text);
    assert.deepEqual(error.metadata, {
      message: 'l2fib_add_del',
      module: 'l2',
      vpp_crc: 'deadbeef',
      known_crc: 'eddda487',
      difference: 'bvi_mac: u8, known as bool',
    });
    const feature = problem(() => {
      requireFeature(report, 'bridge_domains');
    });
    assert.equal(feature.message, `bridge_domains: ${text}`);
  });

  it('tells a changed CRC without VPP’s definition, and an older variant with it', () => {
    const unknown = new Map(without(table, /^l2fib_add_del_eddda487$/)).set(
      'l2fib_add_del_deadbeef',
      9,
    );
    const state = compat(newest, unknown).messages.get('l2fib_add_del');
    assert.ok(state?.status === 'changed');
    assert.equal(state.difference, undefined);
    // Installed definitions of 26.06, a VPP of 24.10.
    const older = compat(newest, tableOf(schemaOf('24.10'))).messages.get('dev_create_port_if');
    assert.ok(older?.status === 'changed');
    assert.equal(older.difference, 'flags: lacks value VL_API_DEV_PORT_FLAG_CONSISTENT_QP');
  });

  it('classes messages that the product does not use as well', () => {
    const report = compat(newest, without(table, /^acl_/));
    assert.equal(report.messages.get('acl_dump')?.status, 'missing');
    const error = problem(() => {
      requireMessage(report, 'no_such_message');
    });
    assert.equal(error.code, 'VPP_MESSAGE_UNKNOWN');
    requireMessage(report, 'control_ping');
  });
});

/** A VPP whose message of this name has another CRC, in its table and in its definitions. */
function withCrc(
  schema: ApiSchema,
  name: string,
  crc: string,
): { schema: ApiSchema; table: Map<string, number> } {
  const def = schema.messages.get(name);
  assert.ok(def !== undefined);
  const messages = new Map(schema.messages).set(name, { ...def, crc, key: `${name}_${crc}` });
  const ours = { ...schema, messages };
  return { schema: ours, table: tableOf(ours) };
}
