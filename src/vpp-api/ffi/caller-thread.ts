/** The thread that calls: connects, looks up message ids, hands messages to VPP, disconnects. */
import { parentPort, workerData } from 'node:worker_threads';
import { HEADER_BYTES } from '../wire/framer.js';
import { PING_BYTES, PING_KEY } from './control-ping.js';
import { loadVac, vacText } from './library.js';
import { threadData, toCaller, type FromCaller } from './protocol.js';
import { Ring } from './ring.js';

/** Messages that may wait for us in our queue before VPP has to wait. */
const QUEUE_LENGTH = 4096;
const LENGTH_OFFSET = 8;

const { library, ring: memory, clientName, shmPrefix } = threadData.parse(workerData);
const vac = loadVac(library);
const ring = new Ring(memory);

function tell(message: FromCaller): void {
  parentPort?.postMessage(message);
}

/**
 * There is room in VPP's queue: the link lets no more than so many calls be under way.
 * @returns why not all were taken
 */
function send(frames: Uint8Array): string | undefined {
  const view = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength);
  let offset = 0;
  while (offset < view.length && !ring.stopped) {
    const length = view.readUInt32BE(offset + LENGTH_OFFSET);
    const code = vac.write(view, offset + HEADER_BYTES, length);
    if (code !== 0) return `vac_write: ${vacText(code)}`;
    offset += HEADER_BYTES + length;
  }
  return undefined;
}

/** Lets the reader have an answer, which it waits for. */
function wake(): void {
  const ping = vac.messageId(PING_KEY);
  if (ping === undefined) return;
  const message = Buffer.alloc(PING_BYTES);
  message.writeUInt16BE(ping, 0);
  vac.write(message, 0, PING_BYTES);
}

function onMessage(value: unknown): void {
  const message = toCaller.parse(value);
  switch (message.kind) {
    case 'connect':
      tell({ kind: 'connected', code: vac.connect(clientName, shmPrefix, QUEUE_LENGTH) });
      break;
    case 'resolve':
      tell({
        kind: 'resolved',
        ids: Int32Array.from(message.keys, (key) => vac.messageId(key) ?? -1),
      });
      break;
    case 'send': {
      const reason = send(message.frames);
      if (reason === undefined) tell({ kind: 'sent', bytes: message.frames.byteLength });
      else tell({ kind: 'failed', reason });
      break;
    }
    case 'wake':
      wake();
      break;
    case 'disconnect':
      vac.disconnect();
      tell({ kind: 'disconnected' });
      parentPort?.close();
      break;
  }
}

parentPort?.on('message', onMessage);
