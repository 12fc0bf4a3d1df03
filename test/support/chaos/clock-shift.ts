/**
 * Loaded into a program of ours before all else (`node --import`): its wall clock is set forward or
 * back, by the milliseconds in the file NFVD_TEST_CLOCK, whenever it gets SIGUSR2. Its monotonic clock
 * and its timers go on, as they do when an administrator sets a machine's clock.
 */
import { readFileSync } from 'node:fs';

const file = process.env['NFVD_TEST_CLOCK'];
if (file === undefined) throw new Error('NFVD_TEST_CLOCK names no file');
const Real = Date;
const real = Date.now.bind(Date);
let shift = 0;

process.on('SIGUSR2', () => {
  shift = Number(readFileSync(file, 'utf8'));
});

Date.now = () => real() + shift;
globalThis.Date = new Proxy(Real, {
  construct(target, args: readonly unknown[], newTarget): object {
    const made: unknown = Reflect.construct(
      target,
      args.length === 0 ? [real() + shift] : args,
      newTarget,
    );
    if (made instanceof Real) return made;
    throw new Error('not a date');
  },
});
