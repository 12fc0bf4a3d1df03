/** How an agent takes little memory of the host that it serves. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 trades memory for throughput: its young generation grows from 1 to 16 MB (twice, and what is
 * copied), and garbage in the old one may grow to a multiple of what is alive. An agent is idle but
 * for a check every 30 s, which leaves tens of megabytes of garbage. These are only rules of thumb
 * that V8 looks at whenever it collects, so they can be changed while it runs (src/flags of V8);
 * a version that does not know one goes on without. To be called before much is loaded.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}
