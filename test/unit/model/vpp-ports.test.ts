import assert from 'node:assert/strict';
import type { NfvError } from '../../../src/errors.js';
import type { Port } from '../../../src/model/endpoint.js';
import { portSchema } from '../../../src/model/port-schema.js';
import { Violations } from '../../../src/model/violations.js';
import { checkVppPort, type VppPort } from '../../../src/model/vpp-ports.js';
import {
  MEMIF,
  VHOST_CLIENT,
  VHOST_USER,
  VLAN,
  VPP_INTERFACE,
  VPP_PORTS,
} from '../../support/vpp-port-samples.js';

describe('ports of VPP', () => {
  for (const port of VPP_PORTS) {
    it(`are stored as they are: ${port.kind}`, () => {
      checked(port);
      const stored: Port = portSchema.parse(JSON.parse(JSON.stringify(port)));
      assert.deepEqual(stored, port);
    });
  }

  const fine: [what: string, port: VppPort][] = [
    ['a socket with the longest path', { ...VHOST_USER, socket: `/${'s'.repeat(106)}` }],
    ['a socket with dots in its name', { ...VHOST_USER, socket: '/run/..a/b..' }],
    ['every bit of a mode', { ...VHOST_USER, socketMode: 0o777 }],
    ['the largest id of a memif', { ...MEMIF, id: 0xffff_ffff }],
    ['the smallest ring', { ...MEMIF, ringSize: 32, bufferSize: 64 }],
    ['the largest ring', { ...MEMIF, ringSize: 16_384, bufferSize: 65_535 }],
    ['no secret', { ...MEMIF, secretName: '' }],
    ['one tag', { ...VLAN, innerVlanId: 0 }],
    ['the last VLAN', { ...VLAN, outerVlanId: 4094, innerVlanId: 4094 }],
    ['the longest name', { ...VPP_INTERFACE, interface: 'x'.repeat(63) }],
  ];
  for (const [what, port] of fine) {
    it(`can be ${what}`, () => {
      checked(port);
    });
  }

  const path = 'not the path of a socket';
  const wrong: [what: string, port: VppPort, message: string][] = [
    ['no socket', { ...VHOST_USER, socket: '' }, `port.vhost_user.socket: (empty): ${path}`],
    ['a relative path', { ...VHOST_USER, socket: 'a/b' }, `port.vhost_user.socket: a/b: ${path}`],
    ['a directory', { ...VHOST_USER, socket: '/a/' }, `port.vhost_user.socket: /a/: ${path}`],
    ['a way up', { ...VHOST_USER, socket: '/a/../b' }, `port.vhost_user.socket: /a/../b: ${path}`],
    ['a way up at the end', { ...MEMIF, socket: '/a/..' }, `port.memif.socket: /a/..: ${path}`],
    ['a way to itself', { ...MEMIF, socket: '/a/./b' }, `port.memif.socket: /a/./b: ${path}`],
    ['an empty name', { ...MEMIF, socket: '/a//b' }, `port.memif.socket: /a//b: ${path}`],
    ['an abstract socket', { ...MEMIF, socket: '@a' }, `port.memif.socket: @a: ${path}`],
    ['a line break', { ...MEMIF, socket: '/a\nb' }, `port.memif.socket: /a\nb: ${path}`],
    ['a zero byte', { ...MEMIF, socket: '/a\0b' }, `port.memif.socket: /a\0b: ${path}`],
    [
      'a long path',
      { ...VHOST_USER, socket: `/${'ü'.repeat(54)}` },
      `port.vhost_user.socket: /${'ü'.repeat(54)}: 109 bytes long`,
    ],
    [
      'no mode',
      { ...VHOST_USER, socketMode: 0 },
      'port.vhost_user.socket_mode: 0: not permission bits',
    ],
    [
      'a mode that sets ids',
      { ...VHOST_USER, socketMode: 0o4755 },
      'port.vhost_user.socket_mode: 2541: not permission bits',
    ],
    [
      'an owner that chown takes for none',
      { ...VHOST_USER, ownerUid: 0xffff_ffff },
      'port.vhost_user.owner_uid: 4294967295: not an id',
    ],
    [
      "a mode of the guest's socket",
      { ...VHOST_CLIENT, socketMode: 0o660, ownerGid: 1 },
      "port.vhost_user.socket_mode: 432: a client's socket is the other end's; " +
        "port.vhost_user.owner_gid: 1: a client's socket is the other end's",
    ],
    [
      'a ring of no power of two',
      { ...MEMIF, ringSize: 1000 },
      'port.memif.ring_size: 1000: not a size that a ring can have',
    ],
    [
      'a ring that is too large',
      { ...MEMIF, ringSize: 32_768 },
      'port.memif.ring_size: 32768: not a size that a ring can have',
    ],
    [
      'a buffer of more than 16 bits',
      { ...MEMIF, bufferSize: 65_536 },
      'port.memif.buffer_size: 65536: not a size that a buffer can have',
    ],
    [
      'a secret outside its directory',
      { ...MEMIF, secretName: '../shadow' },
      'port.memif.secret_name: ../shadow: not the name of a file',
    ],
    [
      'a hidden secret',
      { ...MEMIF, secretName: '.a' },
      'port.memif.secret_name: .a: not the name of a file',
    ],
    ['no VLAN', { ...VLAN, outerVlanId: 0 }, 'port.vlan.outer_vlan_id: 0: not a VLAN id'],
    [
      'VLANs that are reserved',
      { ...VLAN, outerVlanId: 4095, innerVlanId: 4095 },
      'port.vlan.outer_vlan_id: 4095: not a VLAN id; port.vlan.inner_vlan_id: 4095: not a VLAN id',
    ],
    ['no parent', { ...VLAN, parent: '' }, "port.vlan.parent: (empty): not a name of VPP's"],
    [
      'a name that VPP would cut',
      { ...VPP_INTERFACE, interface: 'x'.repeat(64) },
      `port.vpp_interface.interface: ${'x'.repeat(64)}: 64 characters long`,
    ],
    [
      'a name with a space',
      { ...VPP_INTERFACE, interface: 'eth 0' },
      "port.vpp_interface.interface: eth 0: not a name of VPP's",
    ],
  ];
  for (const [what, port, message] of wrong) {
    it(`cannot be ${what}`, () => {
      assert.throws(
        () => {
          checked(port);
        },
        (error: NfvError) => {
          assert.equal(error.code, 'INVALID_FIELD');
          assert.equal(error.message, message.replaceAll('port.', 'endpoint.port.'));
          assert.ok(error.violations.every(({ remedy }) => remedy !== ''));
          return true;
        },
      );
    });
  }
});

function checked(port: VppPort): void {
  const v = new Violations('endpoint');
  checkVppPort(v, port);
  v.throwIfAny();
}
