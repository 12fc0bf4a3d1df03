import { z } from 'zod';
import { NfvError } from '../../../errors.js';
import { timestamp } from '../../../model/clock.js';
import { parsePlugins, type VppPlugin } from '../../../model/vpp-plugins.js';
import { fields } from '../../describe-text.js';
import { formatAge } from '../../duration.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { examples, type Verb } from '../../verb.js';
import type { VppConnection } from '../../vpp/access.js';
import { withVpp } from '../../vpp/connect.js';
import { vppOptions } from '../../vpp/options.js';
import { dataFormatOption, DataFormat, render } from '../../data-format.js';

const Options = z.object({ output: DataFormat.default('table') });

/** Below `nfvctl vpp`. */
export const infoVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('info')
    .description('Says which VPP this is, and how it is reached.')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl vpp info', 'nfvctl vpp info -o json | jq -r .version'));
  define(command, (session, _args, opts) => {
    const { output } = Options.parse(opts);
    const { transport } = vppOptions(vpp, session.globals, session.env);
    return withVpp(session, vpp, async (connection) => {
      const info = { ...(await infoOf(session, connection)), transport };
      await session.out.write(render(output, info, () => textOf(session, info)));
      return EXIT.ok.code;
    });
  });
};

const Version = z.object({
  version: z.string(),
  build_date: z.string(),
  build_directory: z.string(),
});
const Threads = z.object({ thread_data: z.array(z.object({ type: z.string() })) });
const Reply = z.object({ reply: z.string() });

interface Info {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
  readonly pid: number;
  readonly workers: number;
  /** null: cannot be seen from here. */
  readonly startTime: string | null;
  /** Another text, another start of VPP. */
  readonly boot: string;
  readonly address: string;
  readonly messages: number;
  readonly apiModules: number;
  /** Where the definitions of the messages are from. */
  readonly definitions: VppConnection['schemaSource'];
  /** Why definitions that come before these are of no use; null: there were none. */
  readonly passedOver: string | null;
  /** null: VPP does not tell. */
  readonly plugins: readonly VppPlugin[] | null;
  readonly roundTripMs: number;
}

async function infoOf(session: Session, connection: VppConnection): Promise<Info> {
  const ask = (name: string, sent = {}): Promise<unknown> =>
    connection.request(name, sent, session.call.signal);
  const { version, build_date, build_directory } = Version.parse(await ask('show_version'));
  const { thread_data } = Threads.parse(await ask('show_threads'));
  const { startedAt } = connection;
  return {
    version,
    buildDate: build_date,
    buildDirectory: build_directory,
    pid: connection.pid,
    workers: thread_data.filter(({ type }) => type === 'workers').length,
    startTime: startedAt === undefined ? null : timestamp(startedAt),
    boot: connection.instance,
    address: connection.address,
    messages: connection.messageTable.size,
    apiModules: connection.schema.modules.size,
    definitions: connection.schemaSource,
    passedOver: connection.schemaPassedOver ?? null,
    plugins: await pluginsOf(ask),
    roundTripMs: await roundTrip(session, ask),
  };
}

type Ask = (name: string, sent?: object) => Promise<unknown>;

async function pluginsOf(ask: Ask): Promise<VppPlugin[] | null> {
  try {
    const { reply } = Reply.parse(await ask('cli_inband', { cmd: 'show plugins' }));
    return parsePlugins(reply);
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code !== 'VPP_REFUSED' && error.code !== 'VPP_MESSAGE_MISSING') throw error;
    return null;
  }
}

const PINGS = 9;

/** Of a control_ping, in milliseconds: the median of a few, after one to warm up. */
async function roundTrip({ clock }: Session, ask: Ask): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= PINGS; i++) {
    const start = clock.monotonic();
    await ask('control_ping');
    if (i > 0) times.push(clock.monotonic() - start);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
  return Number(median.toFixed(3));
}

const SOURCES: Readonly<Record<Info['definitions'], string>> = {
  vpp: 'VPP itself (get_api_json)',
  installed: 'installed *.api.json files',
  bundled: "nfvctl's own, of the messages that nfvd uses",
};

function passedOver({ passedOver: why }: Info): [string, string][] {
  return why === null ? [] : [['Passed over', why]];
}

function textOf(session: Session, info: Info & { readonly transport: string }): string {
  const { plugins, startTime } = info;
  const age = startTime === null ? '' : formatAge(startTime, session.clock.now());
  const names = plugins?.map(({ name }) => name).join(', ');
  return fields(session.paint, [
    ['Version', info.version],
    ['Built', [info.buildDate, info.buildDirectory].filter((text) => text !== '').join(' in ')],
    ['PID', String(info.pid)],
    ['Workers', String(info.workers)],
    ['Started', startTime === null ? 'unknown' : `${startTime} (up ${age})`],
    ['Boot', info.boot],
    ['API transport', `${info.transport} ${info.address}`],
    ['API messages', `${info.messages} in ${info.apiModules} modules`],
    ['Definitions from', SOURCES[info.definitions]],
    ...passedOver(info),
    ['Round trip', `${info.roundTripMs}ms`],
    ['Plugins', plugins === null ? 'unknown' : `${plugins.length}: ${names ?? ''}`],
  ]);
}
