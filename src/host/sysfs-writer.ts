/**
 * Writes to sysfs. A write runs driver code, and that may wait for ever: for a file descriptor of
 * another process (vfio), for firmware. So another process writes, one for each value: dd, which
 * starts in a millisecond, opens without O_CREAT and tells the kernel's errno by its text.
 */
import { NfvError } from '../errors.js';
import { errnoOfText } from './errno.js';
import { describeHolder, findHolders } from './holders.js';
import type { Programs } from './program.js';
import type { KernelFiles } from './sysfs.js';

export interface WriteOptions {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Files, as `/dev/vfio/10`, whose holders a hung write may be waiting for. */
  readonly suspects?: readonly string[];
}

export interface SysfsWriter {
  /**
   * Writes `value` with one write(2). An empty value never reaches the kernel's handler, so it is
   * refused here: clear an attribute with "\n".
   * @param relative as `sys/bus/pci/drivers_probe`
   * @throws NfvError NOT_PRIVILEGED, KERNEL_REFUSED with `metadata.errno`; WRITE_HUNG with the
   *   holders named, and then nobody knows yet what becomes of the write; COMMAND_MISSING; with the
   *   signal CANCELLED or DEADLINE_EXCEEDED
   */
  write(relative: string, value: string, options: WriteOptions): Promise<void>;
}

const DD = ['conv=nocreat,notrunc', 'bs=65536', 'iflag=fullblock', 'status=none'];

export class ProcessSysfsWriter implements SysfsWriter {
  constructor(
    private readonly files: KernelFiles,
    private readonly programs: Programs,
  ) {}

  async write(relative: string, value: string, options: WriteOptions): Promise<void> {
    if (value === '') throw new NfvError('INTERNAL', `an empty write to /${relative}`);
    const { deadlineMs, signal } = options;
    const args = [`of=${this.files.path(relative)}`, ...DD];
    const ran = await this.programs
      .run('dd', args, { input: value, deadlineMs, signal })
      .catch((error: unknown) => this.#hung(error, relative, value, options));
    if (ran.code !== 0) throw refused(relative, value, ran.stderr.trim());
  }

  async #hung(
    error: unknown,
    relative: string,
    value: string,
    { deadlineMs, suspects = [] }: WriteOptions,
  ): Promise<never> {
    if (!(error instanceof NfvError) || error.code !== 'COMMAND_TIMEOUT') throw error;
    const holders = await findHolders(this.files, new Set(suspects));
    const waitsIn = error.metadata['waitsIn'] ?? '';
    const who = holders.length === 0 ? '' : `: ${holders.map(describeHolder).join(', ')}`;
    const where = waitsIn === '' ? '' : ` (the kernel waits in ${waitsIn})`;
    throw new NfvError(
      'WRITE_HUNG',
      `writing ${quote(value)} to /${relative} did not return within ${deadlineMs} ms${where}${who}`,
      {
        cause: error,
        metadata: {
          path: `/${relative}`,
          value,
          writer: error.metadata['pid'] ?? '',
          holders: holders.map(({ pid }) => String(pid)).join(','),
        },
        ...(holders.length === 0
          ? { remedy: 'see where the driver waits: dmesg, /proc/PID/stack; else reboot the host' }
          : {}),
      },
    );
  }
}

function quote(value: string): string {
  return JSON.stringify(value);
}

/** `dd: error writing '/sys/…': Device or resource busy` */
function refused(relative: string, value: string, said: string): NfvError {
  const text = /: ([^:]+)$/.exec(said)?.[1] ?? said;
  const errno = errnoOfText(text) ?? '';
  const denied = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS';
  return new NfvError(
    denied ? 'NOT_PRIVILEGED' : 'KERNEL_REFUSED',
    `cannot write ${quote(value)} to /${relative}: ${errno === '' ? said : `${errno} (${text})`}`,
    {
      metadata: { path: `/${relative}`, value, errno },
      ...(errno === 'EROFS'
        ? { remedy: 'mount /sys read-write; a container has it read-only' }
        : {}),
    },
  );
}
