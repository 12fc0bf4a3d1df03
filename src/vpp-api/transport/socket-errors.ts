import { NfvError } from '../../errors.js';

function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Of an attempt to connect. */
const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'the path has a loop of links',
  ECONNREFUSED: 'nobody listens on the socket',
  EPROTOTYPE: 'the socket is not a stream socket',
  EAGAIN: 'too many connections wait to be accepted',
};

/** @returns VPP_UNREACHABLE or NOT_PRIVILEGED */
export function connectError(path: string, cause: unknown): NfvError {
  const errno = errnoOf(cause);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new NfvError('NOT_PRIVILEGED', `${path}: this process may not use the socket`, {
      cause,
      remedy: 'run as root, or in the group of VPP\'s socket ("unix { gid GROUP }")',
    });
  }
  const text = TEXTS[errno ?? ''] ?? describe(cause);
  return new NfvError('VPP_UNREACHABLE', `${path}: ${text}`, { cause });
}

/** Of a connection that stood. */
export function lossError(path: string, cause: unknown): NfvError {
  const text = `the connection to ${path} broke: ${describe(cause)}`;
  return new NfvError('VPP_CONNECTION_LOST', text, { cause });
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
