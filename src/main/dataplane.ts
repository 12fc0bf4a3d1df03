/** The dataplanes that a configuration can name. */
import { LinuxDataplane } from '../dataplane/linux/linux-dataplane.js';
import { systemClock } from '../model/clock.js';
import type { NveConfig } from '../nve/config.js';
import type { Dataplane } from '../reconcile/dataplane.js';

export const DATAPLANES: Readonly<Record<NveConfig['dataplane'], () => Dataplane>> = {
  linux: () => new LinuxDataplane({ clock: systemClock }),
};
