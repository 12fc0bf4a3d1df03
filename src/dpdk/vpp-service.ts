/** VPP's service. It is up when VPP answers: systemd calls it active when the process is there. */
import { NfvError } from '../errors.js';
import type { HostDoors, Observed, ReadDoors } from '../host/doors.js';
import { poll } from '../host/poll.js';
import { isActive, isQueued, readRun, setActive, waitsForUs } from '../host/systemd.js';
import type { StepOf } from '../model/host/steps.js';

type ServiceStep = StepOf<'service'>;

/** VPP reads its file, takes its memory and probes its NICs first. */
const PACE = { everyMs: 500, limitMs: 120_000 };
/** The DPDK plugin probes its NICs when VPP answers already. */
const PORTS_PACE = { everyMs: 500, limitMs: 20_000 };
/** One that is about to start takes the connection, and answers when it is ready. */
const ANSWER_MS = 5_000;

export async function observeService(
  doors: ReadDoors,
  step: ServiceStep,
  signal: AbortSignal,
): Promise<Observed> {
  const active = await isActive(doors, step.unit, signal);
  if (active !== step.active) {
    const queued = step.active && (await isQueued(doors, step.unit, signal));
    return { holds: queued, found: active ? 'running' : queued ? 'about to start' : 'not running' };
  }
  if (!(await answers(doors, step, signal))) {
    return { holds: false, found: 'running, without an answer' };
  }
  const missing = await missingPorts(doors, step, signal);
  if (missing.length === 0) return { holds: true, found: 'as wanted' };
  return { holds: false, found: `running, without ${missing.join(', ')}` };
}

/**
 * @throws NfvError VPP_UNREACHABLE when it was started, and ended or did not answer in time;
 *   NOT_APPEARED when it has not got a port; those of systemctl. At a boot, where it is to start when
 *   we have ended, neither: it is in systemd's queue then
 */
export async function makeService(
  doors: HostDoors,
  step: ServiceStep,
  signal: AbortSignal,
): Promise<void> {
  const { unit } = step;
  const mayWait = !step.active || !(await waitsForUs(doors, unit, signal));
  await setActive(doors, unit, step.active, signal, mayWait);
  if (!mayWait) return;
  if (step.answersTo === undefined) return;
  const end = await poll(doors.timers, signal, PACE, async () => {
    if (await answers(doors, step, signal)) return 'up';
    return (await inTime(hasEnded(doors, unit, signal))) === true ? 'ended' : undefined;
  });
  if (end === 'up') return awaitPorts(doors, step, signal);
  const waited = `did not answer within ${PACE.limitMs / 1000} s`;
  const reason = `${unit} was started, and ${end === 'ended' ? 'VPP ended' : waited}`;
  throw new NfvError('VPP_UNREACHABLE', reason, {
    remedy: `see why: journalctl -u ${unit} -n 50, and VPP's own log (unix { log … })`,
  });
}

/** It goes on without a NIC that it cannot probe, and without one that its file keeps from it. */
async function awaitPorts(doors: HostDoors, step: ServiceStep, signal: AbortSignal): Promise<void> {
  let missing: readonly string[] = [];
  const all = await poll(doors.timers, signal, PORTS_PACE, async () => {
    missing = await missingPorts(doors, step, signal);
    return missing.length === 0 ? true : undefined;
  });
  if (all !== undefined) return;
  const { program = 'vppctl', socket = '' } = step.answersTo ?? {};
  throw new NfvError('NOT_APPEARED', `${step.unit} runs, and VPP has no ${missing.join(', ')}`, {
    remedy: `see why: ${program} -s ${socket} show log; and what else the dpdk section of its file says`,
  });
}

async function missingPorts(
  { programs }: ReadDoors,
  { answersTo }: ServiceStep,
  signal: AbortSignal,
): Promise<string[]> {
  const { program = '', socket = '', ports = [] } = answersTo ?? {};
  if (ports.length === 0) return [];
  const options = { deadlineMs: ANSWER_MS, signal };
  // The tables of interfaces cut names after 32 characters.
  const words = ['-s', socket, 'show', 'interface', 'address'];
  const ran = await inTime(programs.run(program, words, options));
  const lines = (ran?.stdout ?? '').split('\n');
  const there = new Set(lines.map((line) => line.split(/\s/)[0]));
  return ports.filter((name) => !there.has(name));
}

async function answers(
  { programs }: ReadDoors,
  { answersTo }: ServiceStep,
  signal: AbortSignal,
): Promise<boolean> {
  if (answersTo === undefined) return true;
  const { program, socket } = answersTo;
  const options = { deadlineMs: ANSWER_MS, signal };
  const ran = await inTime(programs.run(program, ['-s', socket, 'show', 'version'], options));
  return ran?.code === 0;
}

/** With Restart=always it is active again most of the time. */
async function hasEnded(doors: ReadDoors, unit: string, signal: AbortSignal): Promise<boolean> {
  const { state, restarts } = await readRun(doors, unit, signal);
  return restarts > 0 || state === 'failed' || state === 'inactive';
}

/** Undefined: a program did not end in time. A VPP that starts can keep a small host busy. */
async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'COMMAND_TIMEOUT') return undefined;
    throw error;
  }
}
