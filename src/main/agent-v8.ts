/**
 * How an agent takes little of the host that it serves. What is set here are rules of thumb that V8
 * looks at whenever it collects or counts, so they can be changed while it runs (src/flags of V8;
 * figures are those of Node 20). A version that does not know one says so on stderr, and goes on without.
 */
import { setFlagsFromString } from 'node:v8';

/** By which V8's young generation, of 1 MB, may grow in one step while there is much to do. */
const ROOMY = 16;

/**
 * V8 trades memory for throughput: its young generation grows from 1 to 16 MB (twice, and what is
 * copied), and garbage in the old one may grow to a multiple of what is alive. An agent is idle but
 * for a check every 30 s, which leaves tens of megabytes of garbage. To be called before much is
 * loaded.
 */
export function keepHeapSmall(): void {
  giveRoom(false);
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * With thousands of items in hand a small young generation is copied again and again. V8 gives the
 * room back by itself when nothing is done for some seconds.
 */
export function giveRoom(isMuchToDo: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${isMuchToDo ? ROOMY : 1}`);
}

/**
 * An agent of a kernel host does little, and in bursts: of the CPU that a thousand new mappings
 * cost, 4 tenths went into optimizing code that was hardly run again. So V8 waits three times as
 * long: nearly all of those 4 tenths are saved, and what is run day by day is optimized soon enough.
 * From version 13 on (Node 24) V8 has a cheap optimizer for that (Maglev), and waiting saves nothing.
 */
export function optimizeLate(): void {
  const major = Number.parseInt(process.versions.v8, 10);
  if (major >= 13) return;
  // The defaults are 66 KB of bytecode run and, with V8 12 (Node 22), 3000 calls.
  const late =
    major < 12 ? `interrupt-budget=${3 * 66 * 1024}` : `invocation-count-for-turbofan=${3 * 3000}`;
  setFlagsFromString(`--${late}`);
}
