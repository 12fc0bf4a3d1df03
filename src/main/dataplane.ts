/** The dataplanes that a configuration can name. */
import { LinuxDataplane } from '../dataplane/linux/linux-dataplane.js';
import { systemClock } from '../model/clock.js';
import type { Log } from '../model/log.js';
import type { NveConfig } from '../nve/config.js';
import type { Dataplane } from '../reconcile/dataplane.js';

type Make = (log: Pick<Log, 'warn'>) => Dataplane;

export const DATAPLANES: Readonly<Record<NveConfig['dataplane'], Make>> = {
  linux: (log) => new LinuxDataplane({ clock: systemClock, log }),
};
