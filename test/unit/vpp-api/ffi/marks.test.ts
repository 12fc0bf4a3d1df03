import assert from 'node:assert/strict';
import { Marks } from '../../../../src/vpp-api/ffi/marks.js';

const ROWS: readonly (readonly [key: string, isAnswer: boolean, hasAnswer: boolean])[] = [
  ['control_ping_51077d14', false, true],
  ['control_ping_reply_f6b0b8ca', true, false],
  ['sw_interface_dump_aa610c27', false, false],
  ['sw_interface_details_6c221fc7', false, true],
  ['sw_interface_event_2d3d95a7', false, true],
  ['lldp_dump_f75ba505', false, false],
  ['want_interface_events_476f5a08', false, true],
  ['memclnt_keepalive_reply_e8d4e804', true, false],
  ['reply_51077d14', false, true],
];

describe('Marks', () => {
  const memory = Marks.allocate();
  const learnt = new Marks(memory);
  for (const [id, [key]] of ROWS.entries()) learnt.learn(key, id + 0xfff0);

  for (const [i, [key, isAnswer, hasAnswer]] of ROWS.entries()) {
    it(`${key}: ${isAnswer ? 'an answer' : hasAnswer ? 'has an answer' : 'has none'}`, () => {
      const marks = new Marks(memory);
      const id = i + 0xfff0;
      assert.deepEqual([marks.isAnswer(id), marks.hasAnswer(id)], [isAnswer, hasAnswer]);
    });
  }

  it('takes what nobody knows for a request', () => {
    assert.deepEqual([learnt.isAnswer(7), learnt.hasAnswer(7)], [false, true]);
  });
});
