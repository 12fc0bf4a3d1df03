/**
 * What the compiler keeps from VPP. Each line marked must not compile: `tsc` fails if it does. At run
 * time the client refuses the same, and VPP sees nothing of it.
 */
import assert from 'node:assert/strict';
import type { VppClient } from '../../../src/vpp-api/client/client.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import {
  ALL_INTERFACES,
  ClientUnderTest,
  overSocket,
  untyped,
} from '../../support/vpp-under-test.js';

const WANT = { enable_disable: 1, pid: 1 };

describe('VPP client, typed calls', () => {
  let vpp: EmulatedVpp;
  let client: VppClient;

  before(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    ({ client } = await ClientUnderTest.ready(overSocket(vpp)));
  });

  after(async () => {
    await client.close();
    await vpp.remove();
  });

  const rows: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    [
      'a misspelt message',
      // @ts-expect-error it is called control_ping
      () => client.request('control_pingg', {}),
      'VPP_MESSAGE_UNKNOWN',
    ],
    [
      'a misspelt dump',
      // @ts-expect-error it is called sw_interface_dump
      () => client.dump('sw_interfaces_dump', ALL_INTERFACES),
      'VPP_MESSAGE_UNKNOWN',
    ],
    [
      'an unknown field',
      // @ts-expect-error control_ping has no fields
      () => client.request('control_ping', { what: 1 }),
      'VPP_FIELD_INVALID',
    ],
    [
      'a missing field',
      // @ts-expect-error flags are missing
      () => client.request('sw_interface_set_flags', { sw_if_index: 1 }),
      'VPP_FIELD_INVALID',
    ],
    [
      'a misspelt field',
      // @ts-expect-error sw_if_index
      () => client.request('delete_loopback', { sw_if_indx: 1 }),
      'VPP_FIELD_INVALID',
    ],
    [
      'text for a number',
      // @ts-expect-error text where a number belongs
      () => client.request('delete_loopback', { sw_if_index: '1' }),
      'VPP_FIELD_INVALID',
    ],
    [
      'a flag that does not exist',
      // @ts-expect-error IF_STATUS_API_FLAG_ADMIN_UP
      () => client.request('sw_interface_set_flags', { sw_if_index: 1, flags: ['UP'] }),
      'VPP_FIELD_INVALID',
    ],
    [
      'a dump as a request',
      // @ts-expect-error its answer is a list
      () => client.request('sw_interface_dump', ALL_INTERFACES),
      'INVALID_FIELD',
    ],
    [
      'a request as a dump',
      // @ts-expect-error its answer is one message
      () => client.dump('control_ping', {}),
      'INVALID_FIELD',
    ],
    [
      'a dump with an unknown field',
      // @ts-expect-error no such filter
      () => client.dump('sw_interface_dump', { ...ALL_INTERFACES, filter: '' }),
      'VPP_FIELD_INVALID',
    ],
    [
      'a stream with a missing field',
      // @ts-expect-error sw_if_index is missing
      () => client.stream('sw_interface_dump', { name_filter: '' }).next(),
      'VPP_FIELD_INVALID',
    ],
    [
      'a wish with a misspelt field',
      // @ts-expect-error it is called enable_disable
      () => client.subscribe('want_interface_events', { enable: 1, pid: 1 }),
      'VPP_FIELD_INVALID',
    ],
  ];
  for (const [name, call, code] of rows) {
    it(`neither compile nor are sent: ${name}`, async () => {
      const before = vpp.emulator.received.length;
      await assert.rejects(call, { code });
      assert.equal(vpp.emulator.received.length, before);
    });
  }

  it('bring answers whose fields the compiler knows', async () => {
    const { version } = await client.request('show_version', {});
    assert.match(version.toUpperCase(), /^2/);
    const [first] = await client.dump('sw_interface_dump', ALL_INTERFACES);
    assert.equal(first?.interface_name.length, 'local0'.length);
    const ping = await client.request('control_ping', {});
    // @ts-expect-error a misspelt field of the answer
    assert.equal(ping.vpe_pidd, undefined);
    const events = await client.subscribe('want_interface_events', WANT);
    await events.close();
  });

  it('leave all other messages to be checked at run time', async () => {
    const name = untyped('show_vpe_system_time');
    const reply = await client.request(name, {});
    assert.equal(typeof reply['vpe_system_time'], 'number');
    const wrong = client.request(name, { what: 1 });
    await assert.rejects(wrong, { code: 'VPP_FIELD_INVALID' });
  });
});
