import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import { decodeSockclntCreateReply } from '../../../../src/vpp-api/wire/handshake.js';
import { runs } from '../../../support/runs.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const name64 = (text: string): string => Buffer.from(text).toString('hex').padEnd(128, '0');

/** As VPP 26.06 sends it, with two of its 2,093 messages. */
const REPLY = hex(`
  0010 00000000 00000007 00000000 80000001 0002
  0271 ${name64('control_ping_51077d14')}
  0034 ${name64('control_ping_reply_f6b0b8ca')}
`);

describe('sockclnt_create_reply, fuzzed', () => {
  it('is read or refused, whatever it has', () => {
    const mutated = fc
      .array(fc.tuple(fc.nat(REPLY.length - 1), fc.nat(255)))
      .map((changes) => changes.reduce((b, [i, v]) => (b.fill(v, i, i + 1), b), Buffer.from(REPLY)))
      .chain((bytes) =>
        fc.nat(bytes.length).map((length) => bytes.subarray(0, Math.max(2, length))),
      );
    fc.assert(
      fc.property(mutated, (message) => {
        try {
          const { messageTable } = decodeSockclntCreateReply(message, 7);
          assert.ok(messageTable.size <= 2);
        } catch (error) {
          assert.ok(error instanceof NfvError, String(error));
          assert.ok(['VPP_PROTOCOL', 'VPP_REFUSED'].includes(error.code));
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
