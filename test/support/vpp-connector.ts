/** node vpp-connector.js PATH: connects as whoever it is started as, and prints what comes of it. */
import { NfvError } from '../../src/errors.js';
import { systemClock } from '../../src/model/clock.js';
import { SocketTransport } from '../../src/vpp-api/transport/socket.js';

const [path = ''] = process.argv.slice(2);
const transport = new SocketTransport({ path, clientName: 'connector', timers: systemClock });
const events = {
  message: () => undefined,
  drain: () => undefined,
  owed: 0,
  closed: () => undefined,
};
try {
  await transport.connect(events, new AbortController().signal);
  process.stdout.write('connected\n');
  process.exit(0);
} catch (thrown) {
  const { code, message } = NfvError.from(thrown);
  process.stdout.write(`${code}: ${message}\n`);
}
