/** Which state, and which profile, from the flags of `nfvctl host`. */
import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField, NfvError } from '../../../errors.js';
import { parseIp } from '../../../model/addresses.js';
import { collect } from '../../flags/parse.js';
import { formatDuration } from '../../duration.js';
import type { HostAccess, OnProgress, ProfileText } from '../../host-access.js';
import { readText } from '../../read-text.js';
import type { Session } from '../../session.js';

export const DEFAULT_STATE_DIR = '/var/lib/nfvd/host';
const MAX_PROFILE_BYTES = 1024 * 1024;

const Flags = z.object({ stateDir: z.string().optional(), nva: z.array(z.string()).default([]) });

export function addHostOptions(host: Command): void {
  host
    .option(
      '--state-dir <directory>',
      `where changes are written down; ${DEFAULT_STATE_DIR} (NFVCTL_HOST_STATE_DIR)`,
    )
    .option(
      '--nva <address>',
      'IP address of the NVA, the way to which is guarded; repeatable',
      collect,
    );
}

/** @throws NfvError INVALID_FIELD */
export async function hostOf(host: Command, session: Session): Promise<HostAccess> {
  const flags = Flags.parse(host.opts());
  const fromEnv = session.env['NFVCTL_HOST_STATE_DIR'] ?? '';
  const stateDir = flags.stateDir ?? (fromEnv === '' ? DEFAULT_STATE_DIR : fromEnv);
  if (!stateDir.startsWith('/')) {
    throw invalidField('--state-dir', stateDir, 'not an absolute path', 'give one with a / first');
  }
  const nva = flags.nva.map((text) => {
    const ip = parseIp(text);
    if (ip !== undefined) return ip.text;
    throw invalidField('--nva', text, 'not an IP address', 'give one such as 192.0.2.10');
  });
  return await session.host.openHost({ stateDir, nva });
}

/** Where the profile is from: exactly one of the two. */
export const ProfileFlags = z.object({
  filename: z.string().optional(),
  offered: z.boolean().default(false),
});

export function addProfileOptions(command: Command): Command {
  return command
    .option('-f, --filename <file>', 'the host profile, or - for stdin')
    .option('--offered', 'the one that the NVA offers, as the agent has stored it');
}

/** Undefined: neither was given. @throws NfvError INVALID_FIELD, NOTHING_TO_DO, of `readProfile` */
export async function profileIfGiven(
  { filename, offered }: z.infer<typeof ProfileFlags>,
  access: HostAccess,
  session: Session,
): Promise<ProfileText | undefined> {
  if (!offered) return filename === undefined ? undefined : await readProfile(filename, session);
  if (filename === undefined) return await access.offered();
  throw invalidField('-f', filename, 'not used with --offered', 'leave out one of the two');
}

/** @throws NfvError INVALID_FIELD, NOTHING_TO_DO, of `readProfile` */
export async function profileOf(
  flags: z.infer<typeof ProfileFlags>,
  access: HostAccess,
  session: Session,
): Promise<ProfileText> {
  const profile = await profileIfGiven(flags, access, session);
  if (profile !== undefined) return profile;
  const remedy = 'give -f FILE, or --offered for the one of the NVA';
  throw new NfvError('INVALID_FIELD', 'no host profile is given', { remedy });
}

/** @throws NfvError FILE_UNREADABLE, MESSAGE_TOO_LARGE, PROFILE_INVALID */
async function readProfile(file: string, session: Session): Promise<ProfileText> {
  const options = { maxBytes: MAX_PROFILE_BYTES, code: 'PROFILE_INVALID' } as const;
  const text = await readText(file, session.input, options);
  return { text, name: file === '-' ? 'stdin' : file };
}

/** A line for each step, as it is begun, done or failed. */
export function progressTo(session: Session): OnProgress {
  const startedAt = new Map<string, number>();
  return ({ direction, what, step, of, text, reason }) => {
    const key = `${direction} ${step}`;
    const now = session.clock.monotonic();
    if (what === 'begun') {
      startedAt.set(key, now);
      return;
    }
    const verb = direction === 'do' ? '' : 'undo ';
    const took = formatDuration(now - (startedAt.get(key) ?? now));
    const outcome = what === 'done' ? `ok (${took})` : `failed: ${reason}`;
    const colour = what === 'done' ? 'green' : 'red';
    const line = `[${step}/${of}] ${verb}${text}: ${session.errPaint(colour, outcome)}\n`;
    void session.err.write(line);
  };
}
