import assert from 'node:assert/strict';
import { ERROR_TABLE, isErrorCode, NfvError, type ErrorCode } from '../../../src/errors.js';
import { EXIT, exitCodeHelp, exitCodeOf, exitCodeOfAll } from '../../../src/cli/exit-codes.js';

const rows: [code: ErrorCode, status: number][] = [
  ['INVALID_FIELD', 2],
  ['INVALID_FILTER', 2],
  ['MANIFEST_INVALID', 2],
  ['MESSAGE_TOO_LARGE', 2],
  ['FILE_UNREADABLE', 2],
  ['REVISION_COMPACTED', 2],
  ['NOT_FOUND', 3],
  ['ALREADY_EXISTS', 4],
  ['VNI_IN_USE', 4],
  ['ETAG_MISMATCH', 4],
  ['REFERENCE_NOT_FOUND', 4],
  ['RESOURCE_IN_USE', 4],
  ['NVA_UNREACHABLE', 5],
  ['SHUTTING_DOWN', 5],
  ['STORE_FAILED', 5],
  ['DEADLINE_EXCEEDED', 6],
  ['NVE_IDENTITY_MISMATCH', 7],
  ['INTERNAL', 8],
  ['TOO_MANY_REQUESTS', 8],
  ['PROTOCOL_VERSION', 8],
  ['VPP_UNREACHABLE', 5],
  ['NOT_PRIVILEGED', 7],
  ['VPP_FIELD_INVALID', 2],
  ['VPP_MESSAGE_UNKNOWN', 3],
  ['VPP_MESSAGE_MISSING', 4],
  ['VPP_REFUSED', 8],
  ['VPP_LIBRARY_MISSING', 8],
];

describe('exitCodeOf', () => {
  for (const [code, status] of rows) {
    it(`${code} is ${status}`, () => {
      assert.equal(exitCodeOf(new NfvError(code, 'x')), status);
    });
  }

  it('is never 0 or 1, which say that all went well', () => {
    for (const code of Object.keys(ERROR_TABLE).filter(isErrorCode)) {
      assert.ok(exitCodeOf(new NfvError(code, 'x')) > 1, code);
    }
  });
});

describe('exitCodeOfAll', () => {
  const of = (...codes: ErrorCode[]): number =>
    exitCodeOfAll(codes.map((code) => new NfvError(code, 'x')));

  it('is theirs if they agree, else 8', () => {
    assert.equal(of(), 0);
    assert.equal(of('VNI_IN_USE'), 4);
    assert.equal(of('VNI_IN_USE', 'ETAG_MISMATCH'), 4);
    assert.equal(of('VNI_IN_USE', 'NOT_FOUND'), 8);
  });
});

describe('exitCodeHelp', () => {
  it('tells every one', () => {
    assert.equal(
      exitCodeHelp(),
      `Exit status:
  0    done
  1    diff or plan found differences, vpp compat a lack, trace a broken hop
  2    wrong usage or invalid input; nothing was changed
  3    no such resource, or message of VPP
  4    in conflict with what exists
  5    the NVA or VPP is unreachable or unavailable
  6    waited in vain
  7    denied
  8    another error, or several of different kinds
  130  interrupted (SIGINT)`,
    );
  });

  it('gives each number one meaning', () => {
    const codes = Object.values(EXIT).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
  });
});
