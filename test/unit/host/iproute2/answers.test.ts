import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import {
  abortError,
  errnoOf,
  hasErrno,
  isKernelAnswer,
  parseJson,
  refusal,
} from '../../../../src/host/iproute2/answers.js';

/** What iproute2 5.15, 6.1 and 7.1 said on a real kernel. */
const SAID: readonly (readonly [string, string | undefined])[] = [
  ['RTNETLINK answers: File exists\n', 'EEXIST'],
  ['RTNETLINK answers: No such file or directory\n', 'ENOENT'],
  ['RTNETLINK answers: No such device\n', 'ENODEV'],
  ['RTNETLINK answers: Network is unreachable\n', 'ENETUNREACH'],
  ['RTNETLINK answers: Operation not permitted\n', 'EPERM'],
  ['RTNETLINK answers: Cannot assign requested address\n', 'EADDRNOTAVAIL'],
  ['RTNETLINK answers: Unknown error 524\n', undefined],
  ['Cannot find device "nope"\n', 'ENODEV'],
  ['Cannot find bridge device "nope"\n', 'ENODEV'],
  ['Device "nope" does not exist.\n', 'ENODEV'],
  ['Error: argument "nope" is wrong: Device does not exist\n\n', 'ENODEV'],
  ['Error: Unknown device ifindex.\n', 'ENODEV'],
  ['Error: Invalid master ifindex.\n', 'ENODEV'],
  ['Error: Fdb entry not found.\n', 'ENOENT'],
  ['Error: Neighbour entry not found.\n', 'ENOENT'],
  ['Error: A VXLAN device with the specified VNI already exists.\n', 'EEXIST'],
  ['Error: ipv4: Address already assigned.\n', 'EEXIST'],
  ['Error: ipv4: Address not found.\n', 'EADDRNOTAVAIL'],
  ['Error: ipv6: address not found.\n', 'EADDRNOTAVAIL'],
  ['Error: Exclusivity flag on, cannot modify.\n', 'EEXIST'],
  ['Error: Unknown device type.\n', 'EOPNOTSUPP'],
  ['Error: 8021q: Invalid link address.\n', 'EADDRNOTAVAIL'],
  ['Error: 8021q: VLAN device already exists.\n', 'EEXIST'],
  [
    'Error: Provided Ethernet address is not unicast.\nRTNETLINK answers: Cannot assign requested address\n',
    'EADDRNOTAVAIL',
  ],
  ['Cannot open network namespace "nope": No such file or directory\n', 'ENOENT'],
  ['ioctl(TUNSETIFF): Device or resource busy\n', 'EBUSY'],
  ['mount of /sys failed: Operation not permitted\n', 'EPERM'],
  ['Error: TC classifier not found.\nWe have an error talking to the kernel\n', undefined],
  ['', undefined],
];

describe("iproute2's answers", () => {
  for (const [text, errno] of SAID) {
    it(`tell ${errno ?? 'nothing'}: ${JSON.stringify(text)}`, () => {
      assert.equal(errnoOf(text), errno);
    });
  }

  it('keep the text and the command in the error', () => {
    const error = refusal('ip', 'link del dev x\n', 'RTNETLINK answers: Device or resource busy\n');
    assert.equal(error.code, 'KERNEL_REFUSED');
    assert.equal(error.message, 'ip link del dev x: RTNETLINK answers: Device or resource busy');
    assert.deepEqual(error.metadata, { command: 'ip link del dev x', errno: 'EBUSY' });
    assert.match(refusal('ip', 'x\n', '').message, /failed without a word/);
  });

  it('tell missing privilege by its own code', () => {
    const error = refusal('ip', 'link del dev x\n', 'RTNETLINK answers: Operation not permitted\n');
    assert.equal(error.code, 'NOT_PRIVILEGED');
  });

  it('are recognised by errno', () => {
    const error = refusal('ip', 'x\n', 'RTNETLINK answers: File exists\n');
    assert.equal(hasErrno(error, 'ENOENT', 'EEXIST'), true);
    assert.equal(hasErrno(error, 'ENOENT'), false);
    assert.equal(hasErrno(refusal('ip', 'x\n', ''), 'ENOENT'), false);
    assert.equal(hasErrno(new Error('EEXIST'), 'EEXIST'), false);
  });

  it("tell the kernel's words from the program's", () => {
    assert.equal(isKernelAnswer('RTNETLINK answers: File exists\n'), true);
    assert.equal(isKernelAnswer('Error: Fdb entry not found.\n'), true);
    assert.equal(isKernelAnswer('Segmentation fault\n'), false);
  });

  it('are JSON or an error', () => {
    assert.deepEqual(parseJson('ip', '[{"a":1}]'), [{ a: 1 }]);
    assert.throws(() => parseJson('ip', 'Usage: ip …'), { code: 'KERNEL_REFUSED' });
  });

  it('end with the reason of a signal', () => {
    const aborted = (reason?: unknown): NfvError => abortError(AbortSignal.abort(reason));
    assert.equal(aborted().code, 'CANCELLED');
    assert.equal(aborted(new NfvError('SHUTTING_DOWN', 'x')).code, 'SHUTTING_DOWN');
    assert.equal(aborted(new DOMException('late', 'TimeoutError')).code, 'DEADLINE_EXCEEDED');
  });
});
