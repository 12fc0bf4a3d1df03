/**
 * This machine's systemd, booted in namespaces of its own over a root where anything may be changed (an overlay in
 * memory): what it runs, it runs with all that the units say. It goes, with all that was written, when it is closed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { eventually } from './eventually.js';
import { exec, stop, type Ran } from './netns.js';
import { skip } from './skip.js';

const SYSTEMD = '/lib/systemd/systemd';

/**
 * As systemd-nspawn does: the kernel's settings and sysfs are to be read only, but for those of the network. Nothing of the
 * machine's own services is started: neither what it mounts, nor its network.
 */
const BOOT = `
set -e
echo $$ >"$2/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --mount --net --ipc --uts --pid --cgroup --fork --kill-child sh -c '
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t tmpfs -o mode=0755 tmpfs run
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount --bind /proc/sys/net proc/sys/net
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs dev
for node in null zero full random urandom tty; do
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
ln -s /proc/self/fd dev/fd
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
: >etc/fstab
for unit in systemd-networkd systemd-networkd-wait-online NetworkManager NetworkManager-wait-online networking; do
  ln -sfn /dev/null "etc/systemd/system/$unit.service"
done
printf "[Unit]\\nDescription=nothing but what is asked for\\n" >etc/systemd/system/nfvd-test.target
ip link set dev lo up
exec chroot . env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  ${SYSTEMD} --unit=nfvd-test.target --log-target=journal --show-status=false
' sh "$1"
`;

export class BootedRoot {
  #pid = 0;

  private constructor(
    private readonly process: ChildProcess,
    private readonly cgroup: string,
  ) {}

  /** @param directory is there, and empty */
  static async boot(context: Context, directory: string): Promise<BootedRoot> {
    if (process.getuid?.() !== 0) skip(context, 'booting systemd needs root');
    if (!existsSync(SYSTEMD)) skip(context, 'there is no systemd here');
    const [, hierarchy] = /^\S+ (\S+) cgroup2 rw/m.exec(readFileSync('/proc/mounts', 'utf8')) ?? [];
    if (hierarchy === undefined) skip(context, 'no cgroup2 can be written here');
    mkdirSync(directory, { recursive: true });
    const cgroup = join(hierarchy, `nfvt-${process.pid}`);
    mkdirSync(cgroup);
    const child = spawn('sh', ['-c', BOOT, 'sh', directory, cgroup], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const root = new BootedRoot(child, cgroup);
    try {
      await eventually(() => child.exitCode !== null || root.#isUp(), 60_000, 100);
    } catch (error) {
      await root.close();
      throw error;
    }
    if (child.exitCode !== null) {
      await root.close();
      skip(context, `systemd cannot be booted here: ${said.trim()}`);
    }
    return root;
  }

  async #isUp(): Promise<boolean> {
    const unshare = this.process.pid ?? 0;
    const first = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim();
    if (!/^\d+$/.test(first)) return false;
    this.#pid = Number(first);
    return (await this.run(['systemctl', 'is-active', 'nfvd-test.target'])).code === 0;
  }

  /** A file of this machine's view that is in it. */
  path(inside: string): string {
    return join(`/proc/${this.#pid}/root`, inside);
  }

  write(inside: string, text: string): void {
    writeFileSync(this.path(inside), text);
  }

  /** Runs a program in it, to its end. */
  run(words: readonly string[]): Promise<Ran> {
    const into = [
      `--target=${this.#pid}`,
      '--mount',
      '--net',
      '--ipc',
      '--uts',
      '--pid',
      '--cgroup',
    ];
    const env = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'];
    return exec('nsenter', [...into, '--root', '--wdns=/', ...env, ...words], '', {
      timeout: 120_000,
    });
  }

  /** The same; @throws Error with what it said when it fails */
  async do(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null) await stop(this.process);
    await eventually(() => {
      removeCgroups(this.cgroup);
      return true;
    });
  }
}

/** From the leaves on. */
function removeCgroups(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroups(join(path, entry.name));
  }
  rmdirSync(path);
}
