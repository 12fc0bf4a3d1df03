/** Whether other hosts answer over the underlay: an ICMP echo from one VTEP address to another. */
import { NfvError } from '../../errors.js';
import type { Programs } from '../../host/program.js';
import type { Reach, UnderlayPath } from '../../model/query.js';

/** ping sends three in half a second, and waits as long as this, in seconds, in all. */
const WAIT_S = 2;
const DEADLINE_MS = 4000;

/** @throws NfvError of the signal */
export function reachOf(
  paths: readonly UnderlayPath[],
  programs: Programs,
  signal: AbortSignal,
): Promise<readonly Reach[]> {
  return Promise.all(paths.map((path) => ping(path, programs, signal)));
}

/** iputils' ping: 0 is "answered", 1 "no answer", all else a trouble of its own (its ping(8)). */
async function ping(path: UnderlayPath, programs: Programs, signal: AbortSignal): Promise<Reach> {
  const { local, remote } = path;
  const args = ['-n', '-q', '-c', '3', '-i', '0.25', '-w', String(WAIT_S), '-I', local, remote];
  try {
    const ran = await programs.run('ping', args, { deadlineMs: DEADLINE_MS, signal });
    const { code, stdout, stderr } = ran;
    if (code === 0) return { ...path, state: 'REACHABLE', detail: '' };
    const detail = lastLine(stderr) || lastLine(stdout.replace(/\n---[^]*---\n/, '\n'));
    return { ...path, state: code === 1 ? 'UNREACHABLE' : 'UNKNOWN', detail };
  } catch (thrown) {
    signal.throwIfAborted();
    return { ...path, state: 'UNKNOWN', detail: NfvError.from(thrown).message };
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
