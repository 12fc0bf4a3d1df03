/** What iproute2 says on stderr, as errors. */
import { NfvError, show } from '../../errors.js';
import { errnoOfText } from '../errno.js';

/** What iproute2 says itself of a name that is no device's. */
const UNKNOWN_NAME = [
  /^Cannot find (bridge )?device /m,
  /^Device "[^"]*" does not exist/m,
  /is wrong: Device does not exist$/m,
];

/** iproute2's own and the kernel's extended answers (extack), which come without an errno. */
const ERRNO_OF_PATTERN: readonly (readonly [RegExp, string])[] = [
  ...UNKNOWN_NAME.map((pattern) => [pattern, 'ENODEV'] as const),
  [/^Error: unknown (device )?ifindex\.?$/im, 'ENODEV'],
  // net/core/rtnetlink.c, rtnl_fdb_get: `br` of a remembered index.
  [/^Error: Invalid master ifindex\.?$/im, 'ENODEV'],
  [/^Error: (Parent Qdisc doesn't exists|Cannot find specified filter chain)\.?$/m, 'ENOENT'],
  [/entry not found\.?$/im, 'ENOENT'],
  [/\baddress not found\.?$/im, 'EADDRNOTAVAIL'],
  [
    /^Cannot (open network namespace|remove namespace file) .*: No such file or directory/m,
    'ENOENT',
  ],
  [/^Cannot create namespace file .*: File exists/m, 'EEXIST'],
  [/already has a nsid assigned\.?$/m, 'EEXIST'],
  [/^Error: Exclusivity flag on, cannot modify\.?$/m, 'EEXIST'],
  [/already (exists|assigned)\.?$/m, 'EEXIST'],
  [/is not unicast\.?$/m, 'EADDRNOTAVAIL'],
  // net/8021q/vlan_netlink.c, vlan_validate.
  [/Invalid link address\.?$/m, 'EADDRNOTAVAIL'],
  [/^Error: Unknown device type\.?$/m, 'EOPNOTSUPP'],
  [/(^|: )Operation not permitted$/m, 'EPERM'],
];

/** The errno's name that a text tells; undefined: none that is known. */
export function errnoOf(text: string): string | undefined {
  const answer = /^(?:RTNETLINK answers|ioctl\(\w+\)): (.+)$/m.exec(text)?.[1];
  const known = answer === undefined ? undefined : errnoOfText(answer);
  if (known !== undefined) return known;
  return ERRNO_OF_PATTERN.find(([pattern]) => pattern.test(text))?.[1];
}

/**
 * iproute2 found no device of a name. It remembers none either, for then it would not have looked
 * (lib/ll_map.c, ll_name_to_index); whether a remembered index is a device's, only the kernel says.
 */
export function isUnknownName(text: string): boolean {
  return UNKNOWN_NAME.some((pattern) => pattern.test(text));
}

/** The kernel itself spoke, so the program came as far as to ask it. */
export function isKernelAnswer(text: string): boolean {
  return /^(RTNETLINK answers|Error): /m.test(text);
}

/** What a batch says of a line of its own file. */
const FAILED_LINE = /^Command failed \S+:(\d+)$/;

/**
 * A failed command as an error: NOT_PRIVILEGED or KERNEL_REFUSED, with the text in the message, and
 * in the metadata the command, the errno's name if it is told, and the line if the command was a
 * batch with a file.
 */
export function refusal(program: string, line: string, text: string): NfvError {
  const errno = errnoOf(text);
  const lines = text.split('\n').map((part) => part.trim());
  const said = lines.filter((part) => part !== '' && !FAILED_LINE.test(part)).join('; ');
  const at = lines.map((part) => FAILED_LINE.exec(part)?.[1]).find((n) => n !== undefined);
  const command = `${program} ${line.trim()}`;
  return new NfvError(
    errno === 'EPERM' ? 'NOT_PRIVILEGED' : 'KERNEL_REFUSED',
    `${command}: ${said === '' ? 'failed without a word' : said}`,
    {
      metadata: {
        command,
        ...(errno === undefined ? {} : { errno }),
        ...(at === undefined ? {} : { line: at }),
      },
    },
  );
}

/** The error is a refusal with one of these errnos. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  if (!(error instanceof NfvError)) return false;
  const errno = error.metadata['errno'];
  return errno !== undefined && names.includes(errno);
}

/** @throws NfvError KERNEL_REFUSED when it is not JSON */
export function parseJson(program: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NfvError('KERNEL_REFUSED', `${program} answered no JSON: ${show(text)}`, { cause });
  }
}

/** Why a signal was aborted, as CANCELLED, DEADLINE_EXCEEDED or the NfvError it was aborted with. */
export function abortError(signal: AbortSignal): NfvError {
  const reason: unknown = signal.reason;
  if (reason instanceof NfvError) return reason;
  const late = reason instanceof Error && reason.name === 'TimeoutError';
  return late
    ? new NfvError('DEADLINE_EXCEEDED', 'the deadline passed', { cause: reason })
    : new NfvError('CANCELLED', 'the operation was given up', { cause: reason });
}
