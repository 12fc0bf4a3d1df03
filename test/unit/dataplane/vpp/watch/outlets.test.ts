import assert from 'node:assert/strict';
import { outletsOf } from '../../../../../src/dataplane/vpp/watch/outlets.js';
import type { Interface, SubInterface } from '../../../../../src/dataplane/vpp/view.js';

const one = (more: Partial<Interface>): Interface => ({
  ...{
    index: 3,
    name: 'host-p0',
    tag: 'nfvd:port/a',
    mac: '02:fe:00:00:00:01',
    up: true,
    linkUp: true,
  },
  ...{ mtu: 1500, linkMtu: 9000, sub: undefined },
  ...more,
});
const vlan = (more: Partial<SubInterface>): SubInterface => ({
  ...{ parent: 1, id: 5, outerVlanId: 100, innerVlanId: 0, tags: 1, dot1ad: false },
  ...{ exact: true, rewrite: 0 },
  ...more,
});

describe('where the guests of VPP’s ports are', () => {
  it('is told by the tags of ours, without what they attest', () => {
    const others = [one({ index: 4, tag: 'mine' }), one({ index: 5, tag: '' })];
    assert.deepEqual(
      [...outletsOf([one({ tag: 'nfvd:port/a=0123' }), ...others])],
      [['nfvd:port/a', { index: 3, tags: [] }]],
    );
  });

  it('is nowhere at a port that is down', () => {
    assert.equal(outletsOf([one({ up: false })]).size, 0);
  });

  for (const [about, sub, tags] of [
    ['one tag', vlan({}), [{ protocol: 0x8100, id: 100 }]],
    [
      'two tags',
      vlan({ tags: 2, innerVlanId: 7, dot1ad: true }),
      [
        { protocol: 0x88a8, id: 100 },
        { protocol: 0x8100, id: 7 },
      ],
    ],
  ] as const) {
    it(`has ${about} in front`, () => {
      assert.deepEqual(outletsOf([one({ sub })]).get('nfvd:port/a'), { index: 3, tags });
    });
  }
});
