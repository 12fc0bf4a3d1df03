import assert from 'node:assert/strict';
import { complete, type VppArgument } from '../../../src/cli/complete.js';
import { buildProgram } from '../../../src/cli/program.js';
import type { ResourceKind } from '../../../src/model/api.js';

const NAMES: Record<ResourceKind, string[]> = {
  VirtualNetwork: ['blue', 'red'],
  Nve: ['host-a', 'host-b'],
  Subnet: ['blue-v4', 'red-v4'],
  Router: ['r1'],
  Endpoint: ['web-1', 'web-2'],
  HostProfile: ['edge'],
};

const VPP_NAMES: Record<VppArgument, string[]> = {
  message: ['control_ping', 'control_ping_reply', 'sw_interface_dump'],
  request: ['control_ping', 'show_version'],
  dump: ['sw_interface_dump', 'ip_route_v2_dump'],
  want: ['want_bfd_events', 'want_interface_events'],
  feature: ['core', 'vxlan'],
};

const NO_HELP = { write: () => undefined, columns: undefined };

async function after(line: string): Promise<string[]> {
  const program = buildProgram(() => undefined, NO_HELP);
  const found = await complete(program, line.split(' '), {
    resources: (kind) => Promise.resolve(NAMES[kind]),
    vpp: (argument) => Promise.resolve(VPP_NAMES[argument]),
  });
  return found.map(({ word }) => word);
}

describe('complete', () => {
  const rows: [line: string, words: string[]][] = [
    ['de', ['describe', 'delete']],
    ['get ', ['networks', 'nves', 'subnets', 'routers', 'endpoints', 'hostprofiles']],
    ['get n', ['networks', 'nves']],
    ['get network b', ['blue']],
    ['get network blue ', ['red']],
    ['get ep ', ['web-1', 'web-2']],
    ['get nve/', ['nve/host-a', 'nve/host-b']],
    ['get nve/host-a nve/host-b', ['nve/host-b']],
    ['get nonsense ', []],
    ['get endpoints --network ', ['blue', 'red']],
    ['get endpoints --nve h', ['host-a', 'host-b']],
    ['get endpoints -o ', ['table', 'wide', 'json', 'yaml', 'name']],
    ['get endpoints --output j', ['json']],
    [
      'get endpoints --output=',
      ['table', 'wide', 'json', 'yaml', 'name'].map((f) => `--output=${f}`),
    ],
    ['get endpoints --nve=host-b', ['--nve=host-b']],
    ['get endpoints --nonsense=', []],
    ['create network x --bum-mode m', ['multicast']],
    ['update ep web-1 --admin-state ', ['up', 'down']],
    ['wait --for ', ['network/', 'nve/', 'subnet/', 'router/', 'endpoint/', 'hostprofile/']],
    ['wait --for ep/', ['ep/web-1', 'ep/web-2']],
    ['wait --for ep/web-1=d', ['ep/web-1=down', 'ep/web-1=deleted']],
    ['wait --for=vn/blue=', ['--for=vn/blue=existing', '--for=vn/blue=deleted']],
    ['wait --for pod/x=', []],
    ['get -o json n', ['networks', 'nves']],
    ['get networks --wat', ['--watch']],
    ['get networks --tls', ['--tls-ca', '--tls-cert', '--tls-key']],
    ['-s unix:/x get network r', ['red']],
    ['describe endpoint web-1 w', ['web-2']],
    ['delete network/', ['network/blue', 'network/red']],
    ['create ', ['network', 'nve', 'subnet', 'router', 'endpoint']],
    ['update s', ['subnet']],
    ['get sn b', ['blue-v4']],
    ['get subnets --network b', ['blue']],
    ['create subnet x --network ', ['blue', 'red']],
    ['create subnet x --gateway ', ['none']],
    ['create router x --subnet r', ['red-v4']],
    ['create endpoint x --subnet=b', ['--subnet=blue-v4']],
    ['wait --for router/r1=', ['router/r1=existing', 'router/r1=deleted']],
    ['help ver', ['version']],
    ['help create n', ['network', 'nve']],
    ['create network ', []],
    ['create endpoint x --network ', ['blue', 'red']],
    ['create endpoint x --veth', ['--veth-netns', '--veth-interface', '--veth-host-interface']],
    ['update network ', ['blue', 'red']],
    ['update ep ', ['web-1', 'web-2']],
    ['update endpoint web-1 --nve ', ['host-a', 'host-b']],
    ['update network blue ', []],
    ['watch e', ['endpoints']],
    ['apply -f ', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['wait ', []],
    ['version ', []],
    ['vpp ', ['info', 'compat', 'messages', 'call', 'dump', 'events', 'stats', 'cli']],
    ['vpp call ', ['control_ping', 'show_version']],
    ['vpp call --socket /x s', ['show_version']],
    ['vpp call show_version ', []],
    ['vpp --transport ', ['socket', 'ffi']],
    ['vpp call --tr', ['--transport']],
    ['vpp dump ip', ['ip_route_v2_dump']],
    ['vpp messages control_ping_', ['control_ping_reply']],
    ['vpp events want_bfd_events ', ['want_interface_events']],
    ['vpp compat ', ['core', 'vxlan']],
    ['vpp stats ', []],
    ['vpp cli ', []],
    ['vpp info -o ', ['table', 'wide', 'json', 'yaml']],
    ['help vpp me', ['messages']],
  ];
  for (const [line, words] of rows) {
    it(`"${line}"`, async () => {
      assert.deepEqual(await after(line), words);
    });
  }

  it('does not show what is hidden', async () => {
    assert.deepEqual(await after('__'), []);
    assert.ok((await after('')).includes('get'));
  });

  it('says what verbs and flags are for', async () => {
    const program = buildProgram(() => undefined, NO_HELP);
    const nothing = (): Promise<string[]> => Promise.resolve([]);
    const none = { resources: nothing, vpp: nothing };
    assert.deepEqual(await complete(program, ['versi'], none), [
      { word: 'version', about: 'Says which nfvctl this is.' },
    ]);
    assert.deepEqual(await complete(program, ['get', '--watch'], none), [
      { word: '--watch', about: 'then show every change' },
    ]);
  });
});
