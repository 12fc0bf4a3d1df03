/** The thread that calls: connects, looks up message ids, hands messages to VPP, disconnects. */
import { parentPort, workerData } from 'node:worker_threads';
import { HEADER_BYTES } from '../wire/framer.js';
import { PING_BYTES, PING_KEY } from './control-ping.js';
import { loadVac, vacText } from './library.js';
import { Marks } from './marks.js';
import { threadData, toCaller, type FromCaller } from './protocol.js';
import { Ring } from './ring.js';

/** Messages that may wait for us in our queue before VPP has to wait. */
const QUEUE_LENGTH = 4096;
/**
 * Answers owed from which on we wait: VPP's queue has 1,024 places (`api-queue { length N }`), and who
 * adds to a full one waits without an end, also if VPP is dead. A dump and the ping behind it take two.
 */
const MAX_UNANSWERED = 512;
/** A request that has no answer counts no longer than that. */
const ANSWER_MS = 1_000;
const LENGTH_OFFSET = 8;

const { library, clientName, shmPrefix, ...shared } = threadData.parse(workerData);
const vac = loadVac(library);
const ring = new Ring(shared.ring);
const marks = new Marks(shared.marks);
let sent = 0;
let seen = 0;

function tell(message: FromCaller): void {
  parentPort?.postMessage(message);
}

/** Waits, within bounds, for VPP to answer what it already has. */
function waitForAnswers(): void {
  const count = ring.count;
  sent = Math.max(0, sent - ((count - seen) | 0));
  seen = count;
  if (sent < MAX_UNANSWERED || ring.stopped) return;
  ring.waitForCount(count, ANSWER_MS);
  if (ring.count === count) sent = 0;
}

/** @returns why not all were taken */
function send(frames: Uint8Array): string | undefined {
  const view = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength);
  let offset = 0;
  while (offset < view.length && !ring.stopped) {
    waitForAnswers();
    const length = view.readUInt32BE(offset + LENGTH_OFFSET);
    const code = vac.write(view, offset + HEADER_BYTES, length);
    if (code !== 0) return `vac_write: ${vacText(code)}`;
    if (marks.hasAnswer(view.readUInt16BE(offset + HEADER_BYTES))) sent++;
    offset += HEADER_BYTES + length;
  }
  return undefined;
}

/** -1: VPP does not have it. */
function idOf(key: string): number {
  const id = vac.messageId(key) ?? -1;
  if (id >= 0) marks.learn(key, id);
  return id;
}

/** A VPP that does not answer lets the reader wait for its own deadline. */
function wake(): void {
  const ping = vac.messageId(PING_KEY);
  if (ping === undefined || sent >= MAX_UNANSWERED) return;
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
      tell({ kind: 'resolved', ids: Int32Array.from(message.keys, idOf) });
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
