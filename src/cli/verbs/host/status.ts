import { z } from 'zod';
import { delay } from '../../../model/clock.js';
import type { HostState } from '../../../model/host/status.js';
import { fields } from '../../describe-text.js';
import { formatDuration } from '../../duration.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import type { Colour, Paint } from '../../style.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, jsonLine, render } from '../../data-format.js';
import { hostOf } from './options.js';
import { section, type Row } from './print.js';

const Options = z.object({
  output: DataFormat.default('table'),
  watch: z.boolean().default(false),
});

/** Milliseconds between two looks at the journal. */
const LOOK_MS = 200;

/** Below `nfvctl host`. */
export const statusVerb: Verb = (host, define) => {
  const command = host
    .command('status')
    .description('Says how far this host is prepared, and whether it still is as it was made.')
    .option('-w, --watch', 'go on, with a line for each change, until SIGINT')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl host status', 'nfvctl host status --watch'));
  define(command, async (session, _args, opts) => {
    const { output, watch: goesOn } = Options.parse(opts);
    const access = await hostOf(host, session);
    const state = await access.status(true, session.call.signal);
    await session.out.write(
      goesOn && output === 'json'
        ? jsonLine(state)
        : render(output, state, () => text(session, state)),
    );
    if (!goesOn) return EXIT.ok.code;
    // Of NICs the journal alone is followed, which a look may contradict.
    let before = { ...state, nics: (await access.status(false, session.call.signal)).nics };
    for (;;) {
      if (!(await pause(session))) return EXIT.ok.code;
      const now = await access.status(false, session.call.signal);
      const lines = output === 'json' ? jsonLine(now) : changes(before, now);
      if (changes(before, now) !== '') await session.out.write(lines);
      before = now;
    }
  });
};

/** @returns false: it is over */
async function pause({ clock, signal }: Session): Promise<boolean> {
  try {
    await delay(clock, LOOK_MS, signal);
    return true;
  } catch {
    return false;
  }
}

const COLOURS: Partial<Record<HostState['state'], Colour>> = {
  ready: 'green',
  drifted: 'yellow',
  unconfirmed: 'yellow',
  interrupted: 'red',
};

function text(
  { paint }: Session,
  { state, ready, change, drift, hugepages, nics, offered }: HostState,
): string {
  const within = change?.confirmWithinMs;
  const head = fields(paint, [
    ['State', state, COLOURS[state]],
    ['Ready for endpoints', ready ? 'yes' : 'no'],
    ['Profile', change?.profile ?? ''],
    ['Plan', change?.planHash ?? ''],
    ['Offered by the NVA', offerText(offered, change)],
    ['Undone in', within === undefined ? '' : `${formatDuration(within)} unless it is confirmed`],
    [
      'Hugepages of ours',
      hugepages
        .map(({ node, pages, sizeKb }) => `${pages} of ${sizeKb} kB on node ${node}`)
        .join(', '),
    ],
  ]);
  const steps = (change?.steps ?? []).map((step) => `  ${step.state.padEnd(7)}  ${step.text}\n`);
  const differs = (drift?.steps ?? []).map((step) => `  ${step}\n`);
  return [
    head,
    nics.length === 0 ? '' : `\n${nicTable(nics, paint)}`,
    steps.length === 0 ? '' : `\nSteps:\n${steps.join('')}`,
    differs.length === 0 ? '' : `\nDiffers, and would have to be done:\n${differs.join('')}`,
  ].join('');
}

const NIC_COLOURS: Readonly<Record<string, Colour>> = {
  vfio: 'green',
  binding: 'yellow',
  restoring: 'yellow',
  absent: 'yellow',
  driverless: 'red',
  stuck: 'red',
};

function nicTable(nics: HostState['nics'], paint: Paint): string {
  const rows = nics.map(({ name, function: ref, state }): Row => {
    const colour = NIC_COLOURS[state];
    return [name, ref, colour === undefined ? state : [state, colour]];
  });
  return section('NICs', ['NIC', 'FUNCTION', 'STATE'], rows, paint);
}

function offerText(offered: HostState['offered'], change: HostState['change']): string {
  if (offered === undefined) return '';
  const is = offered.hash === change?.profileHash ? 'this one' : 'not applied';
  return `${offered.profile}, ${is}; the agent takes ${offered.takes === 'nva' ? "the NVA's" : "this host's own"}`;
}

/** A line for each thing that is not as it was; empty: nothing. */
function changes(before: HostState, now: HostState): string {
  const of = now.change?.steps.length ?? 0;
  const known = before.change?.id === now.change?.id ? before.change?.steps : undefined;
  const lines = (now.change?.steps ?? []).flatMap((step, i) => {
    const was = known?.[i]?.state ?? 'waiting';
    return step.state === was ? [] : [`[${i + 1}/${of}] ${step.text}: ${step.state}\n`];
  });
  const moved = now.nics.flatMap(({ function: ref, state }) => {
    const was = before.nics.find((nic) => nic.function === ref)?.state;
    return state === was ? [] : [`${ref}: ${state}\n`];
  });
  // What a look at the host found is not looked for each time.
  const same = before.state === now.state || (before.state === 'drifted' && now.state === 'ready');
  return [...lines, ...moved, same ? '' : `${now.state}\n`].join('');
}
