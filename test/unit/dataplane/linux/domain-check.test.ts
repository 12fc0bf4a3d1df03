import assert from 'node:assert/strict';
import { needOurs, noteDomains } from '../../../../src/dataplane/linux/domain-check.js';
import { parseLinks } from '../../../../src/dataplane/linux/links.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { GROUP } from '../../../../src/dataplane/linux/names.js';
import { View, Wants } from '../../../../src/dataplane/linux/view.js';
import { linkJson } from '../../../support/fake-doors.js';

const BRIDGE = linkJson('nfvb7', { ifalias: 'nfvd:bd/7', linkinfo: { info_kind: 'bridge' } });
const VXLAN = linkJson('nfvx7', {
  ifalias: 'nfvd:bd/7@vxlan',
  linkinfo: { info_kind: 'vxlan', info_data: { id: 7 } },
});
const FOREIGN = linkJson('nfvx7', { linkinfo: { info_kind: 'vxlan', info_data: { id: 7 } } });

interface Case {
  readonly what: string;
  readonly known: boolean;
  /** The kernel tells of a change while it is read. */
  readonly changed?: boolean;
  /** What others want. */
  readonly links?: readonly string[];
  readonly all?: boolean;
  readonly found: readonly Record<string, unknown>[];
  /** The bridge, and all of it, in what was read; and what is remembered from then on. */
  readonly ours: readonly [bridge: boolean, both: boolean, known: boolean];
}

const CASES: readonly Case[] = [
  { what: 'both are there', known: false, found: [BRIDGE, VXLAN], ours: [true, true, true] },
  { what: 'only the bridge is', known: false, found: [BRIDGE], ours: [true, false, false] },
  { what: 'only the VXLAN device is', known: false, found: [VXLAN], ours: [false, false, false] },
  {
    what: 'somebody has a device of the name',
    known: false,
    found: [BRIDGE, FOREIGN],
    ours: [true, false, false],
  },
  {
    what: 'both are there, and one has lost its mark',
    known: false,
    found: [linkJson('nfvb7', { group: GROUP, linkinfo: { info_kind: 'bridge' } }), VXLAN],
    ours: [true, true, true],
  },
  { what: 'nothing is', known: false, found: [], ours: [false, false, false] },
  { what: 'it is known', known: true, found: [], ours: [true, true, true] },
  {
    what: 'it is known, and the bridge is read by itself',
    known: true,
    links: ['nfvb7'],
    found: [BRIDGE],
    ours: [true, true, true],
  },
  {
    what: 'it is known, and the kernel tells of a change meanwhile',
    known: true,
    changed: true,
    found: [],
    ours: [true, true, false],
  },
  {
    what: 'it was known, and both are read, of which one is gone',
    known: true,
    links: ['nfvb7', 'nfvx7'],
    found: [BRIDGE],
    ours: [true, false, false],
  },
  {
    what: 'it was known, and all links are read',
    known: true,
    all: true,
    found: [BRIDGE],
    ours: [true, false, false],
  },
  {
    what: 'it was known, and both are read, of which none is left',
    known: true,
    links: ['nfvb7', 'nfvx7'],
    found: [],
    ours: [false, false, false],
  },
  {
    what: 'it was known, and all links are read, of which none is its',
    known: true,
    all: true,
    found: [],
    ours: [false, false, false],
  },
];

describe('whether a network of the kernel is ours', () => {
  for (const { what, known, changed = false, links = [], all = false, found, ours } of CASES) {
    it(`where ${what}`, () => {
      const memory = new Memory();
      memory.setDomain(7, known);
      const wants = new Wants(all);
      needOurs(7, wants, memory);
      for (const link of links) wants.links.add(link);
      if (changed) memory.setDomain(7, false);
      const view = new View();
      for (const link of parseLinks(found)) view.addLink(link);
      noteDomains(view, wants, memory);
      assert.deepEqual([view.isBridgeOurs(7), view.isOurs(7), memory.isOurs(7)], ours);
    });
  }
});
