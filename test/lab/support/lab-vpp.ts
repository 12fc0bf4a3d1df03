/**
 * VPP in the guest as a host has it: a systemd unit that starts it with the startup.conf that nfvd
 * writes. The guest's first program is no systemd, so one runs in a PID namespace of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { findVpp } from '../../../demo/vpp-installation.js';
import { systemClock } from '../../../src/model/clock.js';
import { SocketTransport } from '../../../src/vpp-api/transport/socket.js';
import type { Transport } from '../../../src/vpp-api/transport/transport.js';
import { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { skip } from '../../support/skip.js';
import { read } from './eye.js';
import { needGuest } from './lab-host.js';

const SYSTEMD = '/usr/lib/systemd/systemd';
const SYSTEMCTL = '/usr/bin/systemctl';
/** Before the real one in the path that nfvd looks programs up in; the guest's own file. */
const WRAPPER = '/usr/sbin/systemctl';
const CLI_SOCKET = '/run/vpp/cli.sock';
const LOG = '/run/lab/vpp.log';
export const STARTUP_CONF = '/etc/vpp/startup.conf';
const API_SOCKET = '/run/vpp/api.sock';

/**
 * One CPU of this machine emulates all of the guest's, and VPP's threads would take them. Less than
 * what one round of theirs takes there would change nothing.
 */
export const QUIET = 'poll-sleep-usec 20000';

/** The prefix of a VPP with DPDK; skipped where there is none, or no systemd to start it. */
export function needVpp(context: Context): string {
  needGuest(context);
  const prefix = process.env['VPP_PREFIX'] ?? '';
  if (prefix === '') skip(context, 'VPP_PREFIX is not set: no VPP with dpdk_plugin.so');
  const found = findVpp();
  if (typeof found === 'string') skip(context, found);
  const plugin = join(found.plugins ?? '', 'dpdk_plugin.so');
  if (!existsSync(plugin)) skip(context, `no ${plugin}: VPP_PREFIX has a VPP without DPDK`);
  for (const file of [SYSTEMD, SYSTEMCTL, '/usr/bin/nsenter']) {
    if (!existsSync(file)) skip(context, `no ${file} on this machine`);
  }
  return prefix;
}

/** One for a file of tests. */
export class LabVpp {
  /** Where it is installed, once it is open. */
  prefix = '';
  #systemd: Child | undefined;

  /** systemd comes up, with the unit of the VPP in `prefix`, which does not run yet. */
  async open(prefix: string): Promise<void> {
    this.prefix = prefix;
    mkdirSync('/etc/vpp', { recursive: true });
    mkdirSync('/etc/systemd/system', { recursive: true });
    // Nothing that belongs to a boot is begun: no udev, no mounts.
    writeFileSync('/etc/systemd/system/lab.target', '[Unit]\nDefaultDependencies=no\n');
    // But for that, and where its output goes, as VPP's package has it.
    const unit = [
      '[Unit]',
      'DefaultDependencies=no',
      '[Service]',
      'Type=simple',
      `ExecStart=${this.prefix}/bin/vpp -c ${STARTUP_CONF}`,
      'Restart=always',
      `StandardOutput=append:${LOG}`,
      'StandardError=inherit',
    ];
    writeFileSync('/etc/systemd/system/vpp.service', `${unit.join('\n')}\n`);
    const systemd = ['--system', '--unit=lab.target', '--log-target=null', '--show-status=0'];
    const child = new Child(
      'unshare',
      ['--pid', '--fork', '--mount-proc', '--kill-child', SYSTEMD, ...systemd],
      { env: { container: 'lab' } },
    );
    this.#systemd = child;
    const pid = await eventually(() => firstChild(child.pid ?? 0));
    const enter = `exec nsenter -t ${pid} -p -m ${SYSTEMCTL} "$@"`;
    writeFileSync(WRAPPER, `#!/bin/sh\n${enter}\n`, { mode: 0o755 });
    await eventually(() => run(WRAPPER, 'is-system-running') === 'running\n', 60_000, 500);
  }

  async close(): Promise<void> {
    if (this.#systemd === undefined) return;
    if (this.isActive()) run(WRAPPER, 'stop', 'vpp');
    await this.#systemd.kill();
    rmSync(WRAPPER, { force: true });
    rmSync(STARTUP_CONF, { force: true });
  }

  isActive(): boolean {
    try {
      return run(WRAPPER, 'is-active', 'vpp') === 'active\n';
    } catch {
      return false;
    }
  }

  /** Of the process that runs now, as systemd has it; another after each start. */
  startedAt(): string {
    return run(WRAPPER, 'show', '--value', '--property=ExecMainStartTimestampMonotonic', 'vpp');
  }

  /** A command of its own command line. */
  cli(...words: readonly string[]): string {
    return run(join(this.prefix, 'bin/vppctl'), '-s', CLI_SOCKET, ...words).replaceAll('\r', '');
  }

  /** What it says of each interface's hardware, by name. */
  hardware(): Map<string, string> {
    const parts = this.cli('show', 'hardware').split(/\n(?=\S+ +\d+ +(?:up|down) )/);
    return new Map(parts.slice(1).map((part) => [part.split(' ', 1)[0] ?? '', part]));
  }

  /** A port may have no link yet, and the first packet waits for its neighbour. */
  async pings(address: string): Promise<void> {
    await eventually(() => {
      const said = this.cli('ping', address, 'repeat', '3');
      assert.match(said, /Statistics: 3 sent, [23] received/);
    }, 60_000);
  }

  api(): Transport {
    return new SocketTransport({ path: API_SOCKET, clientName: 'lab', timers: systemClock });
  }

  /** It has come up. */
  async answers(): Promise<void> {
    await eventually(() => this.cli('show', 'version') !== '', 60_000, 500);
  }

  /** What it wrote since the guest came up. */
  log(): string {
    return readFileSync(LOG, 'utf8');
  }
}

/** What it says on stderr is in the error: there is much of it while one waits. */
function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function firstChild(pid: number): number | false {
  const [first = ''] = read(`/proc/${pid}/task/${pid}/children`).split(' ');
  return first !== '' && Number(first);
}
