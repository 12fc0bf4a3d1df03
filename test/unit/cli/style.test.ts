import assert from 'node:assert/strict';
import { ANSI_PAINT, NO_PAINT, paintFor } from '../../../src/cli/style.js';

describe('paintFor', () => {
  it('paints on a terminal only, and only where that is wanted', () => {
    assert.equal(paintFor(true, {}, true), ANSI_PAINT);
    assert.equal(paintFor(true, { NO_COLOR: '', TERM: 'xterm' }, true), ANSI_PAINT);
    assert.equal(paintFor(false, {}, true), NO_PAINT);
    assert.equal(paintFor(true, {}, false), NO_PAINT);
    assert.equal(paintFor(true, { NO_COLOR: '1' }, true), NO_PAINT);
    assert.equal(paintFor(true, { TERM: 'dumb' }, true), NO_PAINT);
  });

  it('resets what it sets, and paints no emptiness', () => {
    assert.equal(ANSI_PAINT('red', 'x'), '\u001b[31mx\u001b[39m');
    assert.equal(ANSI_PAINT('bold', 'x'), '\u001b[1mx\u001b[22m');
    assert.equal(ANSI_PAINT('red', ''), '');
  });
});
