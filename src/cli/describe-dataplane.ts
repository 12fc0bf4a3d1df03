/** How an NVE stands with its dataplane, as `describe nve` tells it. Pure. */
import { ERROR_TABLE, isErrorCode } from '../errors.js';
import type { DataplaneSession, DataplaneStatus } from '../model/dataplane-status.js';
import { listText } from './columns.js';
import { formatAge } from './duration.js';
import type { Colour } from './style.js';
import { textTable, type DescribeContext, type Field } from './describe-text.js';

const COLOURS = { CONNECTED: 'green', DEGRADED: 'yellow', LOST: 'red' } as const satisfies Record<
  DataplaneSession,
  Colour
>;

export function dataplaneFields(
  status: DataplaneStatus | undefined,
  { now }: DescribeContext,
): Field[] {
  if (status === undefined) return [];
  const { session, since, reasonCode, reason, boot, restarts } = status;
  const remedy = isErrorCode(reasonCode) ? ERROR_TABLE[reasonCode].remedy : '';
  return [
    ['  Session', `${session} since ${since} (${formatAge(since, now)})`, COLOURS[session]],
    ...(reasonCode === ''
      ? []
      : ([
          ['  Reason', `${reason} (${reasonCode})`],
          ['  Remedy', remedy],
        ] as const)),
    ...(boot === ''
      ? []
      : ([
          ['  Boot', boot],
          ['  Restarts seen', String(restarts)],
        ] as const)),
  ];
}

/** Empty: it has neither, as the kernel. */
export function dataplaneTables(
  status: DataplaneStatus | undefined,
  context: DescribeContext,
): string[] {
  const { features = [], plugins = [] } = status ?? {};
  return [
    ...(features.length === 0
      ? []
      : [
          textTable(
            'Dataplane features',
            ['FEATURE', 'STATE', 'MISSING-OR-CHANGED'],
            features.map(({ name, state, problems }) => [name, state, listText(problems)]),
            context,
          ),
        ]),
    ...(plugins.length === 0
      ? []
      : [
          textTable(
            'Dataplane plugins',
            ['PLUGIN', 'VERSION'],
            plugins.map(({ name, version }) => [name, version]),
            context,
          ),
        ]),
  ];
}
