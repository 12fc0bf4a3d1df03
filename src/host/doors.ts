import type { Programs } from './program.js';
import type { SysfsWriter } from './sysfs-writer.js';
import type { KernelFiles } from './sysfs.js';
import type { Timers } from './timers.js';

/** What looking at a host takes. */
export interface ReadDoors {
  readonly files: KernelFiles;
  readonly programs: Programs;
}

/** What changing it takes. */
export interface HostDoors extends ReadDoors {
  readonly writer: SysfsWriter;
  readonly timers: Timers;
}

/** Milliseconds for a program that only asks the kernel. */
export const QUERY_MS = 10_000;

/** Milliseconds for a write to sysfs; creating many VFs takes a driver some seconds. */
export const WRITE_MS = 60_000;

/** Whether the host is as a step wants it, and how it is. */
export interface Observed {
  readonly holds: boolean;
  /** For people. */
  readonly found: string;
}
