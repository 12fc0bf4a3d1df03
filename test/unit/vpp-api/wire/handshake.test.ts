import assert from 'node:assert/strict';
import {
  decodeGetApiJsonReply,
  decodeSockclntCreateReply,
  encodeGetApiJson,
  encodeSockclntCreate,
  encodeSockclntDelete,
} from '../../../../src/vpp-api/wire/handshake.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const name64 = (text: string): string => Buffer.from(text).toString('hex').padEnd(128, '0');

/** As VPP 26.06 sends it, with two of its 2,093 messages. */
const REPLY = hex(`
  0010 00000000 00000007 00000000 80000001 0002
  0271 ${name64('control_ping_51077d14')}
  0034 ${name64('control_ping_reply_f6b0b8ca')}
`);

describe('sockclnt_create', () => {
  it('is id 15, the context and the name in 64 bytes', () => {
    assert.deepEqual(
      encodeSockclntCreate('nfvd', 0xfeedface),
      hex(`000f feedface ${name64('nfvd')}`),
    );
  });

  it('has a name that ends, whatever its length', () => {
    assert.deepEqual(
      encodeSockclntCreate('n'.repeat(200), 1),
      hex(`000f 00000001 ${name64('n'.repeat(63))}`),
    );
    // A character of two bytes is not split.
    assert.deepEqual(
      encodeSockclntCreate(`${'n'.repeat(62)}é`, 1),
      hex(`000f 00000001 ${name64('n'.repeat(62))}`),
    );
  });
});

describe('sockclnt_delete', () => {
  it('is the id, the client index, a context of nobody, and the client index again', () => {
    assert.deepEqual(
      encodeSockclntDelete(0x1234, 0x80000001),
      hex('1234 80000001 00000000 80000001'),
    );
  });
});

describe('sockclnt_create_reply', () => {
  it('gives the client index and the message table', () => {
    const { clientIndex, messageTable } = decodeSockclntCreateReply(REPLY, 7);
    assert.equal(clientIndex, 0x80000001);
    assert.deepEqual(
      [...messageTable],
      [
        ['control_ping_51077d14', 0x271],
        ['control_ping_reply_f6b0b8ca', 0x34],
      ],
    );
  });

  it('that says no is VPP_REFUSED', () => {
    const refused = Buffer.from(REPLY);
    refused.writeInt32BE(-7, 10);
    assert.throws(() => decodeSockclntCreateReply(refused, 7), {
      code: 'VPP_REFUSED',
      message: 'sockclnt_create: VPP answered -7',
      metadata: { message: 'sockclnt_create', retval: '-7' },
    });
  });

  const at = (offset: number, bytes: string): Buffer => {
    const changed = Buffer.from(REPLY);
    hex(bytes).copy(changed, offset);
    return changed;
  };
  const bad: readonly (readonly [string, Buffer, string])[] = [
    ['another message', at(0, '0011'), 'message 17 where sockclnt_create_reply (16) should be'],
    ['only an id', hex('0010'), 'sockclnt_create_reply of 2 bytes'],
    ['no count', REPLY.subarray(0, 19), 'sockclnt_create_reply of 19 bytes'],
    ['another context', at(6, '00000008'), 'sockclnt_create_reply to context 8, asked in 7'],
    ['a count that is too great', at(18, '0003'), 'a message table of 3 entries in 152 bytes'],
    ['a table that is cut', REPLY.subarray(0, 151), 'a message table of 2 entries in 151 bytes'],
    ['a name without an end', at(22, 'ff'.repeat(64)), 'a name without an end'],
    ['a last name without an end', at(88, 'ff'.repeat(64)), 'a name without an end'],
  ];
  for (const [name, message, text] of bad) {
    it(`with ${name} is refused`, () => {
      assert.throws(() => decodeSockclntCreateReply(message, 7), {
        code: 'VPP_PROTOCOL',
        message: text,
      });
    });
  }
});

describe('get_api_json', () => {
  it('is id, client index and context', () => {
    assert.deepEqual(encodeGetApiJson(0x21, 0x80000001, 2), hex('0021 80000001 00000002'));
  });

  const text = Buffer.from('[{"module":"é"}]');
  const length = text.length.toString(16).padStart(8, '0');
  const reply = hex(`0022 00000002 00000000 ${length} ${text.toString('hex')}`);

  it('answers with a text', () => {
    assert.equal(decodeGetApiJsonReply(reply), '[{"module":"é"}]');
  });

  it('ends at a zero, and at its length', () => {
    assert.equal(decodeGetApiJsonReply(hex('0022 00000002 00000000 00000004 5b5d0000')), '[]');
    assert.equal(decodeGetApiJsonReply(hex('0022 00000002 00000000 00000002 5b5dff')), '[]');
  });

  it('that says no is VPP_REFUSED', () => {
    const refused = hex('0022 00000002 ffffff61 00000000');
    assert.throws(() => decodeGetApiJsonReply(refused), {
      code: 'VPP_REFUSED',
      metadata: { message: 'get_api_json', retval: '-159' },
    });
  });

  it('that is cut anywhere is refused', () => {
    for (let end = 2; end < reply.length; end++) {
      assert.throws(
        () => decodeGetApiJsonReply(reply.subarray(0, end)),
        { code: 'VPP_PROTOCOL' },
        `cut at ${end}`,
      );
    }
  });
});
