/**
 * VPP in the guest as a host has it: a systemd unit that starts it with the startup.conf that nfvd
 * writes. The guest's first program is no systemd, so one runs in a PID namespace of its own.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { findVpp } from '../../../demo/vpp-installation.js';
import { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { skip } from '../../support/skip.js';
import * as eye from './eye.js';
import { isGuest, needGuest } from './lab-host.js';

const SYSTEMD = '/usr/lib/systemd/systemd';
const SYSTEMCTL = '/usr/bin/systemctl';
/** Before the real one in the path that nfvd looks programs up in; the guest's own file. */
const WRAPPER = '/usr/sbin/systemctl';
const CLI_SOCKET = '/run/vpp/cli.sock';
const LOG = '/run/lab/vpp.log';
export const STARTUP_CONF = '/etc/vpp/startup.conf';
export const API_SOCKET = '/run/vpp/api.sock';
export const STATS_SOCKET = '/run/vpp/stats.sock';

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
  #systemd: Child | undefined;

  constructor(readonly prefix: string) {}

  /** systemd comes up, with VPP's unit, which does not run yet. */
  async open(): Promise<void> {
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
    await eventually(() => eye.run(WRAPPER, 'is-system-running') === 'running\n', 60_000, 500);
  }

  async close(): Promise<void> {
    if (!isGuest()) return;
    if (this.isActive()) eye.run(WRAPPER, 'stop', 'vpp');
    await this.#systemd?.kill();
    rmSync(WRAPPER, { force: true });
    rmSync(STARTUP_CONF, { force: true });
  }

  isActive(): boolean {
    try {
      return eye.run(WRAPPER, 'is-active', 'vpp') === 'active\n';
    } catch {
      return false;
    }
  }

  /** Of the process that runs now, as systemd has it; another after each start. */
  startedAt(): string {
    return eye.run(WRAPPER, 'show', '--value', '--property=ExecMainStartTimestampMonotonic', 'vpp');
  }

  /** A command of its own command line. */
  cli(...words: readonly string[]): string {
    return eye.run(join(this.prefix, 'bin/vppctl'), '-s', CLI_SOCKET, ...words).replaceAll('\r', '');
  }

  /** What it wrote since the guest came up. */
  log(): string {
    return readFileSync(LOG, 'utf8');
  }
}

function firstChild(pid: number): number | false {
  const [first = ''] = eye.read(`/proc/${pid}/task/${pid}/children`).split(' ');
  return first !== '' && Number(first);
}
