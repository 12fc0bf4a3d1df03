/** Observers of requests to the kernel and to VPP, put together. */
import type { NfvError } from '../errors.js';
import type { Tracer } from '../model/tracing.js';
import type { Ended } from './nve-metrics.js';

export type Observe = (target: string, detail?: string) => Ended;

/** Spans of the requests that are made for a traced call. */
export function spansOf(tracer: Tracer, what: string): Observe {
  return (target, detail = '') => {
    if (!tracer.isActive) return () => undefined;
    const attributes = detail === '' ? {} : { 'nfvd.command': detail };
    const span = tracer.start(`${what} ${target}`, { attributes });
    return (error: NfvError | undefined) => {
      span.end(error);
    };
  };
}

/** Undefined: there is nobody to tell. */
export function together(observers: readonly (Observe | undefined)[]): Observe | undefined {
  const all = observers.filter((each) => each !== undefined);
  const [first, second] = all;
  if (first === undefined || second === undefined) return first;
  return (target, detail) => {
    const ends = all.map((each) => each(target, detail));
    return (error) => {
      for (const ended of ends) ended(error);
    };
  };
}
