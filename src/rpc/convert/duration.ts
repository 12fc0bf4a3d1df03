import type { Duration, Duration__Output } from '../gen/google/protobuf/Duration.js';

/** Milliseconds to google.protobuf.Duration. */
export function durationToWire(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}

/** google.protobuf.Duration to milliseconds; 0 for null. */
export function durationFromWire(duration: Duration__Output | null): number {
  return duration === null ? 0 : duration.seconds * 1000 + duration.nanos / 1_000_000;
}
