/** The server of bare streams, on the socket it is given: sends when it is told to, and ends with its parent. */
import { z } from 'zod';
import { BareServer } from './bare-stream.js';

const roundSchema = z.object({ streams: z.int(), bytes: z.int() });
const server = new BareServer();

process.on('message', (message) => {
  const { streams, bytes } = roundSchema.parse(message);
  void server.round(streams, bytes).then((ms) => process.send?.(ms));
});
process.once('disconnect', () => {
  process.exit();
});
await server.start(z.string().parse(process.argv[2]));
process.send?.(0);
