/** VPP as a process: shared memory does not say when it is gone. */
import { readFile } from 'node:fs/promises';
import type { Timers } from '../timers.js';

const WATCH_MS = 50;
/** Of /proc/PID/stat (proc(5)), counted from the state, which follows the name in brackets. */
const STATE = 0;
const START_TIME = 19;

/**
 * Names this start of the process.
 * @returns undefined when it is gone, or cannot be seen from this PID namespace
 */
export async function processInstance(pid: number, proc = '/proc'): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(`${proc}/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const isDead = fields[STATE] === 'Z' || fields[STATE] === 'X';
  const startTime = fields[START_TIME];
  return isDead || startTime === undefined ? undefined : `${pid}:${startTime}`;
}

/** Calls back once, when the process is not that `instance` any more. @returns stops it */
export function watchProcess(
  pid: number,
  instance: string,
  timers: Timers,
  gone: () => void,
): () => void {
  let isStopped = false;
  let cancel: () => void = () => undefined;
  const look = async (): Promise<void> => {
    const now = await processInstance(pid);
    if (isStopped) return;
    if (now === instance) arm();
    else gone();
  };
  const arm = (): void => {
    cancel = timers.after(WATCH_MS, () => void look());
  };
  arm();
  return () => {
    isStopped = true;
    cancel();
  };
}
