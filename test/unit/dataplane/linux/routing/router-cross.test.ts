import assert from 'node:assert/strict';
import { needCross } from '../../../../../src/dataplane/linux/routing/router-cross.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';

const LESSER = '02:00:00:00:00:01';
const GREATER = '02:00:00:00:00:02';
const end = (name: string, address: string, ifalias = ''): unknown =>
  linkJson(name, { address, linkinfo: { info_kind: 'veth' }, ...(ifalias && { ifalias }) });

const doorsWith = (in42: readonly unknown[], in43: readonly unknown[]): FakeDoors =>
  new FakeDoors().answer(/^ip -n nfvr42 link show$/, in42).answer(/^ip -n nfvr43 link show$/, in43);

const changes = (doors: FakeDoors): string[] =>
  doors.said.filter((line) => !line.includes(' show'));

describe('the way from one router to another', () => {
  it('is a pair of veths with our MACs, each marked last', async () => {
    const doors = doorsWith([], []);
    await needCross(43, 42, doors);
    const said = changes(doors);
    assert.equal(
      said[0],
      `ip -n nfvr43 link add name vrf42 address ${GREATER} mtu 65535 type veth peer name vrf43 address ${LESSER} mtu 65535 netns nfvr42`,
    );
    for (const [name, words] of [
      ['nfvr42', 'link set dev vrf43 alias nfvd:vrf/42@to-43'],
      ['nfvr43', 'link set dev vrf42 alias nfvd:vrf/43@to-42'],
    ] as const) {
      const own = said.filter((line) => line.startsWith(`ip -n ${name} `));
      assert.equal(own.at(-1), `ip -n ${name} ${words}`);
    }
  });

  it('is undone when it cannot be completed', async () => {
    const doors = doorsWith([], []).fail(/neigh replace/, 'RTNETLINK answers: No buffer space\n');
    await assert.rejects(needCross(42, 43, doors), { code: 'KERNEL_REFUSED' });
    assert.equal(doors.said.at(-1), 'undo -n nfvr42 link del dev vrf43');
  });

  it('is completed where its making was broken off', async () => {
    const doors = doorsWith([end('vrf43', LESSER)], [end('vrf42', GREATER, 'nfvd:vrf/43@to-42')]);
    await needCross(42, 43, doors);
    const said = changes(doors);
    assert.ok(!said.some((line) => / link (add|del) /.test(line)), said.join('\n'));
    assert.ok(said.includes('ip -n nfvr42 link set dev vrf43 alias nfvd:vrf/42@to-43'));
  });

  for (const [title, link] of [
    ['has another MAC', end('vrf43', '02:00:00:00:00:09')],
    ['is no veth', linkJson('vrf43', { address: LESSER, linkinfo: { info_kind: 'dummy' } })],
    ["has somebody's mark", end('vrf43', LESSER, 'theirs')],
  ] as const) {
    it(`leaves an interface of its name alone that ${title}`, async () => {
      const doors = doorsWith([link], []);
      await assert.rejects(needCross(42, 43, doors), {
        code: 'FOREIGN_OBJECT',
        message: 'vrf/42 has an interface vrf43, not ours',
      });
      assert.deepEqual(changes(doors), []);
    });
  }
});
