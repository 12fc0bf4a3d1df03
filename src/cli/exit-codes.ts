/** What nfvctl's exit status says; shown by --help and in docs/nfvctl.md. */
import type { ErrorCode, NfvError, StatusName } from '../errors.js';

export const EXIT = {
  ok: { code: 0, meaning: 'done' },
  different: {
    code: 1,
    meaning: 'diff or plan found differences, vpp compat a lack, trace a broken hop',
  },
  invalid: { code: 2, meaning: 'wrong usage or invalid input; nothing was changed' },
  notFound: { code: 3, meaning: 'no such resource, or message of VPP' },
  conflict: { code: 4, meaning: 'in conflict with what exists' },
  unreachable: { code: 5, meaning: 'the NVA or VPP is unreachable or unavailable' },
  waitedInVain: { code: 6, meaning: 'waited in vain' },
  denied: { code: 7, meaning: 'denied' },
  failed: { code: 8, meaning: 'another error, or several of different kinds' },
  interrupted: { code: 130, meaning: 'interrupted (SIGINT)' },
} as const;

type Exit = (typeof EXIT)[keyof typeof EXIT];

const BY_STATUS: Partial<Record<StatusName, Exit>> = {
  INVALID_ARGUMENT: EXIT.invalid,
  OUT_OF_RANGE: EXIT.invalid,
  NOT_FOUND: EXIT.notFound,
  ALREADY_EXISTS: EXIT.conflict,
  ABORTED: EXIT.conflict,
  FAILED_PRECONDITION: EXIT.conflict,
  UNAVAILABLE: EXIT.unreachable,
  DEADLINE_EXCEEDED: EXIT.waitedInVain,
  PERMISSION_DENIED: EXIT.denied,
};

/** Where the status alone would say the wrong thing. */
const BY_CODE: Partial<Record<ErrorCode, Exit>> = {
  MESSAGE_TOO_LARGE: EXIT.invalid,
  FILE_UNREADABLE: EXIT.invalid,
  PROTOCOL_VERSION: EXIT.failed,
  VPP_MESSAGE_UNKNOWN: EXIT.notFound,
  VPP_LIBRARY_MISSING: EXIT.failed,
  VPP_SCHEMA_INVALID: EXIT.failed,
  VPP_REFUSED: EXIT.failed,
};

export function exitCodeOf(error: NfvError): number {
  return (BY_CODE[error.code] ?? BY_STATUS[error.status] ?? EXIT.failed).code;
}

/** Of several errors: theirs if they agree. */
export function exitCodeOfAll(errors: readonly NfvError[]): number {
  const [first, ...others] = new Set(errors.map(exitCodeOf));
  if (first === undefined) return EXIT.ok.code;
  return others.length === 0 ? first : EXIT.failed.code;
}

export function exitCodeHelp(): string {
  const rows = Object.values(EXIT).map(
    ({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`,
  );
  return ['Exit status:', ...rows].join('\n');
}
