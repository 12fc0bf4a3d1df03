import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { ERROR_TABLE, invalidFields, isErrorCode, NfvError } from '../../../src/errors.js';
import { loadProtos } from '../../../src/rpc/load.js';
import { StatusCodec } from '../../../src/rpc/status.js';

interface Any {
  readonly type_url: string;
  readonly value: Buffer;
}

const { protos } = loadProtos();
const codec = new StatusCodec(protos);
const TRAILER = 'grpc-status-details-bin';

/** What the other end of a call gets. */
function received(sent: Partial<ServiceError>): ServiceError {
  const { code = status.UNKNOWN, details = '', metadata = new Metadata() } = sent;
  return Object.assign(new Error(details), { code, details, metadata });
}

function roundTrip(error: unknown): NfvError {
  return codec.fromServiceError(received(codec.toServiceError(error)), 'unix:/x');
}

function plain(error: NfvError): object {
  const { code, message, remedy, violations, metadata } = error;
  return { code, message, remedy, violations, metadata };
}

describe('StatusCodec', () => {
  for (const code of Object.keys(ERROR_TABLE).filter(isErrorCode)) {
    it(`carries ${code}`, () => {
      const error = new NfvError(code, 'what happened', { metadata: { nve: 'nves/host-a' } });
      assert.equal(codec.toServiceError(error).code, status[ERROR_TABLE[code].status]);
      assert.deepEqual(plain(roundTrip(error)), plain(error));
    });
  }

  it('carries every field of every violation', () => {
    const error = invalidFields([
      { field: 'virtual_network.vni', value: '0', reason: 'not a VNI', remedy: 'give 1-16777215' },
      { field: 'virtual_network.tenant', value: '', reason: 'not an id', remedy: 'give: a; or b' },
      { field: 'x', value: 'a "b": c; d\n\\', reason: 'odd', remedy: 'change it' },
    ]);
    assert.deepEqual(plain(roundTrip(error)), plain(error));
  });

  it('writes violations so that people can read them', () => {
    const error = invalidFields([
      { field: 'endpoint.mac', value: '01:00', reason: 'not a MAC', remedy: 'give six hex bytes' },
    ]);
    const bytes = codec.toServiceError(error).metadata?.get(TRAILER)[0];
    assert.ok(Buffer.isBuffer(bytes));
    const { details } = protos.google.rpc.Status.deserialize(bytes);
    assert.deepEqual(
      details.map(({ type_url }) => type_url),
      ['type.googleapis.com/google.rpc.ErrorInfo', 'type.googleapis.com/google.rpc.BadRequest'],
    );
    const request = details[1]?.value;
    assert.ok(request !== undefined);
    const { field_violations } = protos.google.rpc.BadRequest.deserialize(Buffer.from(request));
    assert.equal(field_violations[0]?.description, '"01:00": not a MAC; give six hex bytes');
  });

  it('carries any violation', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    const reason = text.filter((s) => !s.includes('; ') && !s.endsWith(';'));
    const violation = fc.record(
      { field: text, value: text, reason, remedy: text },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(violation, { minLength: 1, maxLength: 3 }), (violations) => {
        assert.deepEqual(roundTrip(invalidFields(violations)).violations, violations);
      }),
    );
  });

  it('has a message that can be sent, whatever its text', () => {
    const text = fc.string({ unit: fc.constantFrom('x', '\u{1f600}', '\ud83d', '\ude00') });
    fc.assert(
      fc.property(text, fc.nat({ max: 1200 }), (end, length) => {
        const sent = codec.toServiceError(new NfvError('INTERNAL', 'x'.repeat(length) + end));
        assert.doesNotThrow(() => encodeURI(sent.details ?? ''));
      }),
    );
  });

  it('keeps the trailer small, and says what there is room for', () => {
    const violations = Array.from({ length: 1000 }, (_, i) => ({
      field: `endpoint.ips[${i}]`,
      value: '10.0.0.300',
      reason: 'not a unicast IP address',
      remedy: 'give one without prefix length',
    }));
    const sent = codec.toServiceError(invalidFields(violations));
    const bytes = sent.metadata?.get(TRAILER)[0];
    assert.ok(Buffer.isBuffer(bytes) && bytes.length <= 4096);
    assert.ok((sent.details ?? '').length <= 1000);
    const got = roundTrip(invalidFields(violations));
    assert.equal(got.code, 'INVALID_FIELD');
    assert.ok(got.violations.length > 10);
    assert.deepEqual(got.violations, violations.slice(0, got.violations.length));
  });

  it('makes INTERNAL of what is none of ours', () => {
    const got = roundTrip(new TypeError('x is not a function'));
    assert.equal(got.code, 'INTERNAL');
    assert.equal(got.message, 'x is not a function');
  });

  describe('without details', () => {
    const rows: [code: status, told: string][] = [
      [status.UNAVAILABLE, 'NVA_UNREACHABLE: unix:/x: what'],
      [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED: what'],
      [status.CANCELLED, 'CANCELLED: what'],
      [status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE: what'],
      [status.UNIMPLEMENTED, 'PROTOCOL_VERSION: what'],
      [status.UNKNOWN, 'INTERNAL: what'],
    ];
    for (const [code, told] of rows) {
      it(`makes ${told} of ${status[code]}`, () => {
        const got = codec.fromServiceError(received({ code, details: 'what' }), 'unix:/x');
        assert.equal(`${got.code}: ${got.message}`, told);
      });
    }
  });

  it('leaves out what grpc-js tells of its own inside', () => {
    const details = 'Deadline exceeded after 0.042s,name resolution: 0.033s,Waiting for LB pick';
    const got = codec.fromServiceError(
      received({ code: status.DEADLINE_EXCEEDED, details }),
      'unix:/x',
    );
    assert.equal(got.message, 'unix:/x: no answer in time');
  });

  const connecting: [what: string, said: string, told: string][] = [
    ['nobody there', 'Error: connect ECONNREFUSED 10.0.0.1:1', 'connect ECONNREFUSED 10.0.0.1:1'],
    [
      "another's certificate",
      "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames",
      "Hostname/IP does not match certificate's altnames",
    ],
    [
      'a handshake that is cut off',
      'Failed to connect (2026-11-21T18:14:05.475Z)',
      'cut off at once: one end wants TLS and the other does not, refuses its certificate, or has too many of its connections',
    ],
    [
      'a certificate that the other end does not take',
      'read ECONNRESET (2026-11-23T18:23:05.421Z)',
      'cut off at once: one end wants TLS and the other does not, refuses its certificate, or has too many of its connections',
    ],
  ];
  for (const [what, said, told] of connecting) {
    it(`says why there is no connection: ${what}`, () => {
      const details = `No connection established. Last error: ${said}. Resolution note: `;
      const error = received({ code: status.UNAVAILABLE, details });
      const got = codec.fromServiceError(error, '10.0.0.1:1');
      assert.equal(got.message, `10.0.0.1:1: ${told}`);
      assert.match(got.remedy, what === 'nobody there' ? /"nfvd nva" runs/ : /^check the certifi/);
    });
  }

  it('takes no path for a certificate that is wrong', () => {
    const said = 'Error: connect ENOENT /srv/TLS/certificates/nva.sock';
    const details = `No connection established. Last error: ${said}. Resolution note: `;
    const error = received({ code: status.UNAVAILABLE, details });
    const target = 'unix:/srv/TLS/certificates/nva.sock';
    assert.match(codec.fromServiceError(error, target).remedy, /"nfvd nva" runs/);
  });

  describe('with details of others', () => {
    const { Status, ErrorInfo, BadRequest } = protos.google.rpc;
    const from = (bytes: Buffer): NfvError => {
      const metadata = new Metadata();
      metadata.set(TRAILER, bytes);
      return codec.fromServiceError(
        received({ code: status.NOT_FOUND, details: 'what', metadata }),
        'unix:/x',
      );
    };
    const info = (reason: string, domain: string): Any => ({
      type_url: 'type.googleapis.com/google.rpc.ErrorInfo',
      value: ErrorInfo.serialize({ reason, domain }),
    });
    const withInfo = (...details: Any[]): Buffer =>
      Status.serialize({ code: status.NOT_FOUND, message: 'what', details });

    it('goes by the status', () => {
      for (const bytes of [
        Buffer.from([0xff, 0xff, 0xff]),
        Buffer.alloc(0),
        withInfo(),
        withInfo(info('NOT_FOUND', 'googleapis.com')),
        withInfo(info('NO_SUCH_CODE', 'nfvd')),
        withInfo(info('toString', 'nfvd')),
      ]) {
        assert.equal(from(bytes).code, 'INTERNAL');
      }
    });

    it('takes descriptions it cannot read as they are', () => {
      for (const description of ['wrong', '"a: b; c', '"a\\x": b; c', 'a: b; c']) {
        const value = BadRequest.serialize({ field_violations: [{ field: 'f', description }] });
        const details = { type_url: 'type.googleapis.com/google.rpc.BadRequest', value };
        assert.deepEqual(from(withInfo(info('INVALID_FIELD', 'nfvd'), details)).violations, [
          { field: 'f', value: '', reason: description, remedy: '' },
        ]);
      }
    });

    it('throws nothing, whatever the bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          assert.ok(from(Buffer.from(bytes)) instanceof NfvError);
        }),
      );
    });
  });
});
