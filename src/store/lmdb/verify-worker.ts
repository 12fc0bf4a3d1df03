/** The thread of verify-aside.ts: checks the data file that it is given. It loads little, for it is waited for. */
import { parentPort, workerData } from 'node:worker_threads';
import { NfvError } from '../../errors.js';
import { FAILED, verifyDataFile } from './verify.js';

const path: unknown = workerData;
if (typeof path !== 'string') throw new NfvError('INTERNAL', 'a thread that is to check no file');
// What is wrong is told by who asks: it looks again, with all that belongs to an error.
parentPort?.postMessage(await verifyDataFile(path).catch(() => FAILED));
