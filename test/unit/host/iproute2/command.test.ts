import assert from 'node:assert/strict';
import {
  batchLine,
  devicesOf,
  droppedBy,
  isIndexName,
  learnsAll,
} from '../../../../src/host/iproute2/command.js';

describe('iproute2 commands', () => {
  it('are lines of words', () => {
    assert.equal(batchLine(['link', 'set', 'dev', 'a', 'up']), 'link set dev a up\n');
  });

  for (const [title, word] of [
    ['nothing', ''],
    ['a space', 'a b'],
    ['a tab', 'a\tb'],
    ['a line end', 'a\nlink del dev eth0'],
    ['a carriage return', 'a\r'],
    ['a quote', "it's"],
    ['a double quote', 'say"'],
    ['a comment', 'nfvd:bd/7#x'],
    ['a backslash', 'a\\'],
    ['a zero', 'a\0b'],
    ['another script', 'é'],
    ['more than 256 characters', 'a'.repeat(257)],
  ] as const) {
    it(`cannot have a word with ${title}`, () => {
      assert.throws(() => batchLine(['link', 'show', 'dev', word]), { code: 'ITEM_INVALID' });
    });
  }

  it('name devices after dev, name, master and br', () => {
    assert.deepEqual(
      devicesOf(['link', 'add', 'name', 'a', 'master', 'b', 'type', 'vxlan', 'dev', 'c']),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(devicesOf(['fdb', 'get', '02:00:00:00:00:01', 'br', 'x']), ['x']);
    assert.deepEqual(devicesOf(['link', 'show']), []);
  });

  it('take "if" and a digit for an index', () => {
    for (const name of ['if2', 'if7x']) assert.equal(isIndexName(name), true);
    for (const name of ['ifb0', 'if', 'eth0', 'xif2']) assert.equal(isIndexName(name), false);
  });

  it('that read all devices are those of `bridge` and `tc`, the first, and lists of `ip`', () => {
    const learns = (line: string): string | undefined => {
      const [program = '', ...words] = line.split(' ');
      return learnsAll(program, words);
    };
    assert.equal(learns('bridge fdb get 02:00:00:00:00:01 br a'), 'once');
    assert.equal(learns('tc qdisc add dev a clsact'), 'once');
    assert.equal(learns('ip link show'), 'each');
    assert.equal(learns('ip neigh show nud all'), 'each');
    assert.equal(learns('ip link show dev a'), undefined);
    assert.equal(learns('ip neigh get 10.0.0.1 dev a'), undefined);
    assert.equal(learns('ip link set dev a up'), undefined);
  });

  it('of `ip link` that change a device are told from others', () => {
    const dropped = (line: string): string | undefined => droppedBy(line.split(' '));
    assert.equal(dropped('link set dev a master br'), 'a');
    assert.equal(dropped('link del dev a'), 'a');
    assert.equal(dropped('link show dev a'), undefined);
    assert.equal(dropped('link add name a type bridge'), undefined);
    assert.equal(dropped('fdb del 02:00:00:00:00:01 dev a master'), undefined);
  });
});
