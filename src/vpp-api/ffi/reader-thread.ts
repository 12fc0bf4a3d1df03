/**
 * The thread that reads: blocks in `vac_read`, and moves each message out of VPP's memory into the
 * ring at once, for VPP's main thread waits while our queue is full.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadCopier, loadVac, VAC_TIMEOUT, vacText, type Copier, type Vac } from './library.js';
import { Marks } from './marks.js';
import { threadData, type FromReader } from './protocol.js';
import { Ring } from './ring.js';

/** How soon it notices that it is to stop. */
const READ_SECONDS = 1;
/** How long VPP may have to wait for us. */
const ROOM_MS = 1_000;

function tell(message: FromReader): void {
  parentPort?.postMessage(message);
}

/** @returns why it ended; undefined: it was told to */
function readUntilStopped(vac: Vac, copier: Copier, ring: Ring, marks: Marks): string | undefined {
  const records = Buffer.from(ring.memory, Ring.origin);
  const origin = copier.addressOf(new Uint8Array(ring.memory)) + BigInt(Ring.origin);
  while (!ring.stopped) {
    const received = vac.read(READ_SECONDS);
    if (received === VAC_TIMEOUT) continue;
    if (typeof received === 'number') return `vac_read: ${vacText(received)}`;
    const { address, length } = received;
    try {
      const place = placeFor(length, ring);
      if (typeof place === 'string') return place;
      copier.copy(origin + BigInt(place), address, length);
      const isAnswer = marks.isAnswer(records.readUInt16BE(place));
      if (ring.commit(place, length, isAnswer)) tell({ kind: 'awake' });
    } finally {
      vac.free(address);
    }
  }
  return undefined;
}

function placeFor(length: number, ring: Ring): number | string {
  if (length > ring.maxMessageBytes) {
    return `a message of ${length} bytes, more than ${ring.maxMessageBytes}`;
  }
  const place = ring.reserveWithin(length, ROOM_MS);
  return place ?? `VPP had to wait ${ROOM_MS} ms for us to take its messages`;
}

const { library, ring, marks } = threadData.parse(workerData);
const reason = readUntilStopped(loadVac(library), loadCopier(), new Ring(ring), new Marks(marks));
if (reason !== undefined) tell({ kind: 'failed', reason });
