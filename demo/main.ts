/**
 * `make demo`: one NVA and three NVEs on this machine, an overlay over them, and checks with real
 * packets. Runs inside the namespaces of scripts/demo.sh, which end with it.
 */
import { NvaClient } from '../src/rpc/nva-client.js';
import { agentKilled } from './checks/agent-killed.js';
import { drift } from './checks/drift.js';
import { describeForeign, foreign, makeForeign } from './checks/foreign.js';
import { isolation } from './checks/isolation.js';
import { many } from './checks/many.js';
import { missedDelete } from './checks/missed-delete.js';
import { move } from './checks/move.js';
import { nvaKilled } from './checks/nva-killed.js';
import { reach } from './checks/reach.js';
import { suppression } from './checks/suppression.js';
import { vppDrift } from './checks/vpp-drift.js';
import { vppKilled } from './checks/vpp-killed.js';
import { makeAgent, makeNva, nfvctl, repository, shell, type Daemon } from './daemons.js';
import { hostOf, readGuests, type Check, type Demo } from './demo.js';
import { plug, withPorts } from './plug.js';
import { findVpp, type VppInstallation } from './vpp-installation.js';
import { VppHost } from './vpp.js';
import { addGuest, HOSTS, makeWorld } from './world.js';

const MANIFEST = repository('examples/two-tenants.yaml');
/** Where a VPP is, this host has it. */
const VPP_HOST = hostOf('host-b');

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Three hosts, their guests' namespaces, and all daemons running.
 * @param installed of the VPP that one of the hosts gets
 */
async function start(
  installed: VppInstallation | undefined,
): Promise<{ demo: Demo; foreignBefore: string }> {
  print('demo: making three hosts and an underlay, all in namespaces');
  await makeWorld(installed && VPP_HOST);
  await makeForeign();
  const foreignBefore = await describeForeign();
  const guests = await readGuests(MANIFEST);
  for (const { netns } of guests) await addGuest(netns);
  const vpp = installed && (await startVpp(installed));

  print('demo: starting nfvd nva, and nfvd nve on each host');
  const nva = await makeNva();
  await nva.start();
  const agents = new Map<string, Daemon>();
  for (const host of HOSTS) {
    agents.set(host.name, await makeAgent(host, vpp?.host === host ? vpp.agentConfig : ''));
  }
  await Promise.all([...agents.values()].map((agent) => agent.start()));
  const address = { kind: 'unix', path: '/run/nfvd/nva.sock' } as const;
  const client = new NvaClient({ address, timeoutMs: 10_000 });
  return { demo: { guests, nva, agents, client, vpp }, foreignBefore };
}

async function startVpp(installed: VppInstallation): Promise<VppHost> {
  const vpp = await VppHost.create(VPP_HOST, installed);
  await vpp.daemon.start();
  const version = (await vpp.ask('show', 'version')).split(' ')[1] ?? '';
  print(`demo: ${VPP_HOST.name} has VPP ${version} for a dataplane, the others the kernel's`);
  return vpp;
}

/** The VPP of this machine; without one, says so. */
function lookForVpp(): VppInstallation | undefined {
  const found = findVpp();
  if (typeof found !== 'string') return found;
  print(`demo: ${found}; every host has the kernel's dataplane`);
  return undefined;
}

async function applyManifest({ guests, vpp }: Demo): Promise<void> {
  let path = MANIFEST;
  if (vpp !== undefined && !vpp.canTap) {
    path = '/run/demo/two-tenants.yaml';
    print('demo: VPP makes no taps here (no /dev/vhost-net): it takes interfaces that we make');
    const ports = new Map<string, object>();
    for (const guest of guests) {
      const addresses = [`${guest.ipv4}/24`, `${guest.ipv6}/64`];
      ports.set(guest.id, await plug({ ...guest, addresses }, vpp));
    }
    await withPorts(MANIFEST, ports, path);
  }
  print(`demo: nfvctl apply -f ${path.replace(repository(''), '')} --wait=30s`);
  print(indent(await nfvctl(['apply', '-f', path, '--wait=30s'])));
  for (const kind of ['nves', 'networks', 'endpoints']) {
    print(`demo: nfvctl get ${kind}`);
    print(indent(await nfvctl(['get', kind])));
  }
}

const indent = (text: string): string => text.trimEnd().replace(/^/gm, '    ');

type Titled = readonly [title: string, check: Check];

function vppChecks(vpp: VppHost): readonly Titled[] {
  return [
    ['changes behind our back, in VPP', vppDrift(vpp)],
    ['kill -9 of VPP', vppKilled(vpp)],
  ];
}

function checks(foreignBefore: string, vpp: VppHost | undefined): readonly Titled[] {
  return [
    ['pings between hosts, IPv4 and IPv6, full MTU, don’t fragment', reach],
    ['nothing crosses between networks with the same addresses', isolation],
    ['ARP and ND are answered without a frame on the underlay', suppression],
    ['kill -9 of the NVA', nvaKilled],
    ['kill -9 of an agent', agentKilled],
    ['an endpoint deleted while an agent is down', missedDelete],
    ['an endpoint moved to another host', move],
    ['changes behind our back', drift],
    ['200 endpoints in one apply', many],
    ['what is not ours', foreign(foreignBefore)],
    ...(vpp === undefined ? [] : vppChecks(vpp)),
  ];
}

async function runChecks(): Promise<number> {
  const { demo, foreignBefore } = await start(lookForVpp());
  await applyManifest(demo);
  let passed = 0;
  let failed = 0;
  for (const [i, [title, check]] of checks(foreignBefore, demo.vpp).entries()) {
    try {
      const seen = await check(demo);
      passed++;
      print(`${String(i + 1).padStart(3)} ok    ${title}: ${seen}`);
    } catch (error) {
      failed++;
      const why = error instanceof Error ? error.message : String(error);
      print(`${String(i + 1).padStart(3)} FAIL  ${title}: ${why}`);
      for (const daemon of daemonsOf(demo)) {
        print(indent(`${daemon.name}:\n${daemon.log}`));
      }
    }
  }
  await stop(demo);
  print(`demo: ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function stop(demo: Demo): Promise<void> {
  demo.client.close();
  for (const daemon of daemonsOf(demo)) await daemon.kill('SIGTERM');
}

const daemonsOf = ({ agents, nva, vpp }: Demo): readonly Daemon[] => [
  ...agents.values(),
  nva,
  ...(vpp === undefined ? [] : [vpp.daemon]),
];

/** The world without the checks, for whoever wants to look around in it; on kernels, as README.md has it. */
async function runShell(): Promise<number> {
  const { demo } = await start(undefined);
  print('tour: the hosts are host-a, -b, -c: ip netns exec host-a bash');
  print('tour: the guests are blue-1 … red-4; "exit" removes everything');
  await shell();
  await stop(demo);
  return 0;
}

// The first process of a PID namespace has no default for signals; with it everything ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    print(`demo: stopped by ${signal}; all that was made is gone`);
    process.exit(130);
  });
}
try {
  process.exitCode = await (process.argv.includes('--shell') ? runShell() : runChecks());
} catch (error) {
  print(`demo: ${error instanceof Error ? error.message : String(error)}`);
  print('demo: 0 passed, 1 failed');
  process.exitCode = 1;
}
process.exit();
