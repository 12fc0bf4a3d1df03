import assert from 'node:assert/strict';
import { z } from 'zod';
import { CliVpp } from '../../../support/cli-vpp.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';

const Line = z.looseObject({ time: z.string() });

describe('nfvctl vpp events', function () {
  this.timeout(30_000);
  let vpp: EmulatedVpp;
  let cli: CliVpp;

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    cli = new CliVpp({ NFVCTL_VPP_SOCKET: vpp.path });
  });
  afterEach(() => vpp.remove());

  const asked = (): string[] =>
    vpp.emulator.received.map(({ name }) => name).filter((name) => name.startsWith('want_'));
  const happen = (): void => {
    vpp.emulator.tell('sw_interface_event', { sw_if_index: 3, flags: 1, deleted: false });
  };

  it('asks for what nfvd listens to, and prints a line for each', async () => {
    const running = cli.start(['events']);
    await eventually(() => asked().length === 3);
    assert.deepEqual(asked().sort(), [
      'want_interface_events',
      'want_ip_neighbor_events_v2',
      'want_l2_arp_term_events',
    ]);
    happen();
    happen();
    await eventually(() => running.out.text.split('\n').length === 3);
    assert.match(
      running.out.text,
      /^(\d{4}-\d\d-\d\dT[\d:.]+Z sw_interface_event pid=0 sw_if_index=3 flags=IF_STATUS_API_FLAG_ADMIN_UP deleted=false\n){2}$/,
    );
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(running.err.text, '');
    await eventually(() => vpp.emulator.clients === 0);
  });

  it('asks for what is named, with the fields that are given', async () => {
    const running = cli.start([
      'events',
      'want_interface_events',
      '--json',
      '{pid: 77}',
      '-o',
      'json',
    ]);
    await eventually(() => asked().length === 1);
    assert.deepEqual(vpp.emulator.received.at(-1)?.values, { enable_disable: 1, pid: 77 });
    happen();
    const line = await eventually(() => running.out.text.includes('\n') && running.out.text);
    const { time, ...rest } = Line.parse(JSON.parse(line));
    assert.ok(Date.parse(time) > 0);
    assert.deepEqual(rest, {
      event: 'sw_interface_event',
      fields: { pid: 0, sw_if_index: 3, flags: ['IF_STATUS_API_FLAG_ADMIN_UP'], deleted: false },
    });
    running.interrupt();
    await running.status;
  });

  it('goes on after VPP was gone, and says so', async () => {
    const running = cli.start(['events', 'want_interface_events']);
    await eventually(() => asked().length === 1);
    await vpp.kill();
    await eventually(() => running.err.text.includes('connection lost ('));
    await vpp.start();
    await eventually(() => running.err.text.includes('connected again; what happened meanwhile'));
    happen();
    await eventually(() => running.out.text.includes('sw_interface_event'));
    running.interrupt();
    assert.equal(await running.status, 130);
  });

  it('ends when nobody reads any more', async () => {
    const running = cli.start(['events', 'want_interface_events']);
    await eventually(() => asked().length === 1);
    running.out.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    assert.equal(await running.status, 0);
    assert.equal(running.err.text, '');
  });
});
