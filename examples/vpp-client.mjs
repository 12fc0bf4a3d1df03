#!/usr/bin/env node
/**
 * VPP's binary API with nothing but src/vpp-api: docs/vpp-api.md quotes from it.
 *
 *     make build && node examples/vpp-client.mjs /run/vpp/api.sock
 *
 * It makes a loopback interface, sees it come up, makes mistakes, and leaves VPP as it was.
 */
import process from 'node:process';
import { systemClock as timers } from '../dist/src/model/clock.js';
import { VppClient } from '../dist/src/vpp-api/client/client.js';
import { SocketTransport } from '../dist/src/vpp-api/transport/socket.js';

const [path = '/run/vpp/api.sock'] = process.argv.slice(2);
const print = (text) => process.stdout.write(`${text}\n`);

const client = new VppClient({
  transport: new SocketTransport({ path, clientName: 'example', timers }),
  timers,
  onSession: (event) => {
    // Restarted: whatever VPP has numbered before means nothing any more.
    if (event.kind === 'ready') print(`ready, definitions from ${event.schema}`);
    else if (event.kind === 'lost') print(`lost: ${event.error.message}`);
    else print(event.kind);
  },
});
client.start();
await client.ready(AbortSignal.timeout(5_000));

const { version } = await client.request('show_version', {});
print(`VPP ${version}`);

// Sent again by itself on every later connection.
const events = await client.subscribe('want_interface_events', {
  enable_disable: 1,
  pid: process.pid,
});

const { sw_if_index } = await client.request('create_loopback_instance', {
  mac_address: '02:00:00:00:00:63',
  is_specified: true,
  user_instance: 99,
});
await client.request(
  'sw_interface_set_flags',
  { sw_if_index, flags: ['IF_STATUS_API_FLAG_ADMIN_UP'] },
  // The index is that of this start of VPP: for a later one the call is VPP_RESTARTED.
  { deadlineMs: 1_000, boot: client.boot },
);

for await (const event of events) {
  if (event.kind === 'gap') continue;
  if (event.fields.sw_if_index !== sw_if_index || event.fields.flags.length === 0) continue;
  print(`event: loop99 is ${event.fields.flags.join(', ')}`);
  // Leaving the loop ends the subscription.
  break;
}

const all = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: '' };
for await (const { interface_name, l2_address } of client.stream('sw_interface_dump', all)) {
  if (interface_name === 'loop99') print(`dump: ${interface_name} ${l2_address}`);
}

try {
  await client.request('sw_interface_set_flags', { sw_if_index, flags: ['UP'] });
} catch (error) {
  // Found before anything is sent.
  print(`${error.code}: ${error.message}`);
}
try {
  await client.request('delete_loopback', { sw_if_index: 4242 });
} catch (error) {
  print(`${error.code}: ${error.message}`);
}

// Not one by one: as many as the window has places are under way at a time.
let answered = 0;
for (let i = 0; i < 10_000; i++) {
  await client.room();
  void client.request('control_ping', {}).then(() => answered++);
}
await client.request('control_ping', {});
print(`${answered} of 10000 answered`);

await client.request('delete_loopback', { sw_if_index });
await client.close();
