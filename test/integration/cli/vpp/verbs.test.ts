/** The verbs of `nfvctl vpp` on the emulator, over a real socket. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { CliVpp } from '../../../support/cli-vpp.js';

interface Row {
  readonly words: readonly string[];
  readonly stdin?: string;
  readonly status?: number;
  readonly out?: RegExp | string;
  readonly err?: RegExp;
}

const LOOPBACK = '{mac_address: "02:00:00:00:00:07", is_specified: true, user_instance: 7}';

/** In order: later ones see what earlier ones did. */
const ROWS: readonly Row[] = [
  { words: ['cli', 'show', 'version'], out: 'vpp v26.06-emulated\n' },
  { words: ['cli', 'show version'], out: 'vpp v26.06-emulated\n' },
  {
    words: ['cli', 'shwo', '-x', 'version'],
    status: 8,
    out: "unknown input `shwo -x version'\n",
    err: /^error: cli_inband: VPP answered UNSPECIFIED \(-1\): .*\(VPP_REFUSED\)\nremedy: /,
  },
  { words: ['cli'], status: 2, err: /^error: missing required argument 'command'/ },

  { words: ['messages', 'nosuch*'], status: 3, err: /^error: VPP has no message nosuch\*/ },
  { words: ['messages', 'show_verson'], status: 3, err: /\nremedy: did you mean show_version\? / },
  {
    words: ['messages', '*_loopback_inst*'],
    out: 'NAME                             CRC        KIND\ncreate_loopback_instance         d36a3ee2   request\ncreate_loopback_instance_reply   5383d31f   reply\n',
  },
  {
    words: ['messages', 'sw_interface_event', '-o', 'wide'],
    out: /^Name: +sw_interface_event\nCRC: +2d3d95a7\nID: +\d+\nKind: +event\nModule: +interface\nFields \(4\):\n {2}NAME +TYPE +DEFAULT\n/,
  },
  {
    words: ['messages', 'want_interface_ev', '-o', 'wide'],
    out: /^NAME +CRC +KIND +ID +MODULE +FIELDS\nwant_interface_events +476f5a08 +request +\d+ +interface +enable_disable:u32 pid:u32\n/,
  },
  {
    words: ['messages', 'ip_route_v2_dump', '-o', 'json'],
    out: /"kind": "dump",\n {2}"module": "ip",\n {2}"details": "ip_route_v2_details",\n/,
  },
  {
    words: ['messages', 'ip_route_v2_dump'],
    out: /\nUse:\n {2}nfvctl vpp dump ip_route_v2_dump --json '\{/,
  },

  {
    words: ['call', 'create_loopback_instance', '--json', LOOPBACK],
    out: 'retval:       0\nsw_if_index:  1\n',
  },
  {
    words: ['call', 'sw_interface_set_flags', '-f', '-', '-o', 'yaml'],
    stdin: 'sw_if_index: 1\nflags:\n  - IF_STATUS_API_FLAG_ADMIN_UP\n',
    out: 'retval: 0\n',
  },
  {
    words: ['call', 'show_version', '-o', 'json'],
    out: /^\{\n {2}"retval": 0,\n {2}"program": "vpe",\n/,
  },
  {
    words: ['call', 'delete_loopback', '--json', '{"sw_if_index": 9}'],
    status: 8,
    err: /^error: delete_loopback: VPP answered INVALID_SW_IF_INDEX \(-2\): Invalid sw_if_index \(VPP_REFUSED\)\n/,
  },
  {
    words: ['call', 'delete_loopback'],
    status: 2,
    err: /^error: \/sw_if_index: \(empty\): missing \(VPP_FIELD_INVALID\)\nremedy: give an integer/,
  },
  {
    words: ['call', 'delete_loopback', '--json', '{"sw_if_index": "1"}'],
    status: 2,
    err: /^error: \/sw_if_index: 1: not an integer \(VPP_FIELD_INVALID\)\n/,
  },
  {
    words: ['call', 'ip_route_add_del_v2', '--json', '{route: {paths: [{type: 77}]}}'],
    status: 2,
    err: /^error: \/\S+: .*\(VPP_FIELD_INVALID\)\nremedy: /,
  },
  {
    words: ['call', 'delete_loopback', '--json', '{"sw_if_index": '],
    status: 2,
    err: /^error: --json:1:17: .*\(INVALID_FIELD\)\n/,
  },
  {
    words: ['call', 'no_such'],
    status: 3,
    err: /^error: no message no_such.*\(VPP_MESSAGE_UNKNOWN\)\n/,
  },
  {
    words: ['call', 'sw_interface_dump'],
    status: 2,
    err: /^error: sw_interface_dump answers with a list \(INVALID_FIELD\)\nremedy: see "nfvctl vpp dump /,
  },
  {
    words: ['call', 'show_version_reply'],
    status: 2,
    err: /^error: show_version_reply is nothing that can be asked of VPP .*\nremedy: did you mean show_version\? /,
  },

  {
    words: ['dump', 'sw_interface_dump'],
    out: /^SW_IF_INDEX +SUP_SW_IF_INDEX +L2_ADDRESS +FLAGS +TYPE .*\n0 +0 +00:00:00:00:00:00 .* local0 +local\n1 +1 +02:00:00:00:00:07 +IF_STATUS_API_FLAG_ADMIN_UP,IF_STATUS_API_FLAG_LINK_UP .* loop7 +Loopback\n$/,
  },
  {
    words: ['dump', 'sw_interface_dump', '-o', 'wide', '--no-headers'],
    out: /^0 +0 .*\n1 +1 .*\n$/,
  },
  {
    words: [
      'dump',
      'sw_interface_dump',
      '--json',
      '{name_filter_valid: true, name_filter: loop}',
      '-o',
      'yaml',
    ],
    out: /^sw_if_index: 1\nsup_sw_if_index: 1\nl2_address: "?02:00:00:00:00:07"?\n/,
  },
  { words: ['dump', 'bridge_domain_dump', '-o', 'json'], out: '[]\n' },
  { words: ['dump', 'bridge_domain_dump'], err: /^nothing found\n$/ },
  {
    words: ['dump', 'show_version'],
    status: 2,
    err: /^error: show_version has one reply, not a list \(INVALID_FIELD\)\nremedy: see "nfvctl vpp call /,
  },

  { words: ['compat'], out: /^FEATURE +STATUS [^]*\ncore +ok\n[^]*\nip +ok\n$/ },
  { words: ['compat', 'vxlan', '-o', 'wide'], out: /USES\nvxlan +ok +vxlan_add_del_tunnel_v3,/ },
  {
    words: ['compat', 'vxln'],
    status: 2,
    err: /^error: FEATURE: vxln: .*\nremedy: did you mean "vxlan"\? /,
  },

  { words: ['events', 'show_version'], status: 2, err: /^error: show_version asks for no events / },
  { words: ['events', 'want_nothing'], status: 3, err: /\(VPP_MESSAGE_UNKNOWN\)\n/ },
  {
    words: ['events', 'want_interface_events', 'want_bfd_events', '--json', '{pid: 1}'],
    status: 2,
    err: /^error: --json: .*: for which message \(INVALID_FIELD\)\n/,
  },

  {
    words: ['infoo'],
    status: 2,
    err: /^error: unknown command 'infoo' .*\nremedy: did you mean info\? /,
  },
  {
    words: ['-s', 'unix:/x', 'info'],
    status: 2,
    err: /^error: --server: unix:\/x: is for the NVA/,
  },
  {
    words: ['--socket', '/nowhere', 'info'],
    status: 5,
    err: /^error: \/nowhere: .* \(VPP_UNREACHABLE\)\nremedy: check that VPP runs/,
  },
  {
    words: ['--library', '/nowhere', '--transport', 'ffi', 'info'],
    status: 8,
    err: /^error: no libvppapiclient\.so in \/nowhere \(VPP_LIBRARY_MISSING\)\nremedy: use the socket/,
  },
  { words: ['--library', '/nowhere', 'stats'], status: 8, err: /\(VPP_LIBRARY_MISSING\)\n/ },
];

const Info = z.looseObject({ startTime: z.string(), roundTripMs: z.number(), boot: z.string() });
const Report = z.object({
  features: z.array(z.object({ problems: z.array(z.object({ name: z.string() })) })),
});

describe('nfvctl vpp', function () {
  this.timeout(30_000);
  const vpp = new EmulatedVpp();
  const cli = new CliVpp({ NFVCTL_VPP_SOCKET: vpp.path });
  before(() => vpp.start());
  after(() => vpp.remove());

  for (const { words, stdin, status = 0, out = '', err = /^$/ } of ROWS) {
    it(words.join(' '), async () => {
      const ran = await cli.run(words, stdin === undefined ? {} : { stdin });
      if (typeof out === 'string') assert.equal(ran.out, out);
      else assert.match(ran.out, out);
      assert.match(ran.err, err);
      assert.equal(ran.status, status);
    });
  }

  it('info', async () => {
    const { status, out, err } = await cli.run(['info', '-o', 'json']);
    assert.deepEqual([status, err], [0, '']);
    const { startTime, roundTripMs, boot, ...info } = Info.parse(JSON.parse(out));
    assert.ok(Math.abs(Date.parse(startTime) - Date.now()) < 60_000, startTime);
    assert.ok(roundTripMs > 0 && roundTripMs < 10_000, String(roundTripMs));
    assert.match(boot, /^\d+:\d+:\d+$/);
    assert.deepEqual(info, {
      version: '26.06-emulated',
      buildDate: '',
      buildDirectory: '/',
      pid: vpp.pid,
      workers: 0,
      address: vpp.path,
      messages: vpp.emulator.messageCount,
      apiModules: 150,
      definitions: 'vpp',
      passedOver: null,
      plugins: [
        { name: 'acl', version: '26.06-emulated' },
        { name: 'vxlan', version: '26.06-emulated' },
      ],
      transport: 'socket',
    });
  });

  it('sends nothing of what is wrong', async () => {
    const sent = (): number =>
      vpp.emulator.received.filter(({ name }) => name === 'delete_loopback').length;
    const before = sent();
    await cli.run(['call', 'delete_loopback', '--json', '{"sw_if_index": -1}']);
    assert.equal(sent(), before);
    await cli.run(['call', 'delete_loopback', '--json', '{"sw_if_index": 99}']);
    assert.equal(sent(), before + 1);
  });

  it('ends in time where VPP does not answer', async () => {
    vpp.stall();
    try {
      const { status, err } = await cli.run(['--timeout', '300ms', 'info']);
      assert.equal(status, 6);
      assert.match(err, /did not answer to sockclnt_create in 300 ms \(DEADLINE_EXCEEDED\)\n/);
    } finally {
      vpp.resume();
    }
  });
});

describe('nfvctl vpp, where things lack', function () {
  this.timeout(30_000);
  const vpp = new EmulatedVpp({
    withoutJson: true,
    without: ['vxlan'],
    crcs: { l2fib_add_del: 'deadbeef' },
  });
  const cli = new CliVpp({ NFVCTL_VPP_SOCKET: vpp.path });
  before(() => vpp.start());
  after(() => vpp.remove());

  it('compat says what, and ends with 1', async () => {
    const { status, out, err } = await cli.run(['compat']);
    assert.deepEqual([status, err], [1, '']);
    assert.match(out, /\ncore +ok +get_api_json +missing \(optional\) +memclnt +51077d14 +-\n/);
    assert.match(out, /\nbridge_domains +changed +l2fib_add_del +changed +l2 +eddda487 +deadbeef /);
    assert.match(out, /\nvxlan +missing +vxlan_add_del_tunnel_v3 +missing +vxlan +0072b037 +-\n/);
    assert.equal((await cli.run(['compat', 'core', 'ip'])).status, 0);
    const { features } = Report.parse(
      JSON.parse((await cli.run(['compat', 'vxlan', '-o', 'json'])).out),
    );
    assert.equal(features[0]?.problems[0]?.name, 'vxlan_add_del_tunnel_v3');
  });

  const calls: [name: string, err: RegExp][] = [
    [
      'l2fib_add_del',
      /^error: l2fib_add_del of API module l2 has CRC deadbeef in VPP, known eddda487 /,
    ],
    [
      'vxlan_add_del_tunnel_v3',
      /^error: VPP has no vxlan_add_del_tunnel_v3 .*\nremedy: load the plugin/,
    ],
  ];
  for (const [name, expected] of calls) {
    it(`call ${name} says why it cannot`, async () => {
      const { status, err } = await cli.run(['call', name]);
      assert.equal(status, 4);
      assert.match(err, expected);
    });
  }

  it('lists also what nobody defines', async () => {
    const { out } = await cli.run(['messages', 'bfd_udp_ad*', '-o', 'wide']);
    assert.match(out, /\nbfd_udp_add +[0-9a-f]{8} +unknown +\d+ +-\n/);
    const one = await cli.run(['messages', 'bfd_udp_add']);
    assert.match(one.out, /\nKind: +unknown\n[^]*\nFields: unknown, VPP does not tell them\n$/);
  });

  it('refuses a directory of definitions that is not there', async () => {
    const { status, err } = await cli.run(['--api-dir', '/nowhere', 'info']);
    assert.equal(status, 2);
    assert.match(err, /^error: \/nowhere: ENOENT.*\(FILE_UNREADABLE\)\n/);
  });
});
