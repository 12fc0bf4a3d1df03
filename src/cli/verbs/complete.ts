import type { Command } from 'commander';
import type { ResourceKind } from '../../model/api.js';
import { complete, type VppArgument } from '../complete.js';
import { escapeText } from '../escape.js';
import { EXIT } from '../exit-codes.js';
import { connectOptions, readGlobals, type Globals } from '../globals.js';
import { apiOf } from '../kinds.js';
import type { Session } from '../session.js';
import type { Verb } from '../verb.js';
import type { VppConnection } from '../vpp/access.js';
import { messagesOf, type KnownMessage } from '../vpp/message-kinds.js';
import { vppOptions } from '../vpp/options.js';

/** Somebody has pressed a key and waits. */
const TIMEOUT_MS = 1000;
const MAX_NAMES = 1000;

/** What the scripts of `completion` ask. Silent where nothing can be found out. */
export const completeVerb: Verb = (program, define) => {
  const command = program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption();
  define(command, async (session, words) => {
    const globals = globalsIn(program, words, session.globals);
    const found = await complete(program, words, {
      resources: (kind) => liveNames(session, globals, kind),
      vpp: (argument) => vppNames(session, { program, globals, words }, argument),
    });
    await session.out.write(
      found
        .map(({ word, about }) => `${escapeText(word)}${about === '' ? '' : `\t${about}`}\n`)
        .join(''),
    );
    return EXIT.ok.code;
  });
};

/** `-s` and its like, where the line to be completed has them already. */
function globalsIn(program: Command, words: readonly string[], own: Globals): Globals {
  try {
    program.parseOptions(words.slice(0, -1));
    return readGlobals(program);
  } catch {
    return own;
  }
}

async function liveNames(
  session: Session,
  globals: Globals,
  kind: ResourceKind,
): Promise<readonly string[]> {
  try {
    const options = connectOptions(globals, session.env);
    const nva = session.host.connect({ ...options, timeoutMs: TIMEOUT_MS });
    try {
      const request = { pageSize: MAX_NAMES, pageToken: '', filter: '' };
      const { resources } = await apiOf(nva, kind).list(request, session.call);
      return resources.map(({ id }) => id);
    } finally {
      nva.close();
    }
  } catch {
    return [];
  }
}

/** It may have two thousand messages to tell. */
const VPP_TIMEOUT_MS = 3000;

interface Line {
  readonly program: Command;
  readonly globals: Globals;
  readonly words: readonly string[];
}

async function vppNames(
  session: Session,
  { program, globals, words }: Line,
  argument: VppArgument,
): Promise<readonly string[]> {
  try {
    const vpp = program.commands.find((command) => command.name() === 'vpp');
    if (vpp === undefined) return [];
    vpp.parseOptions(program.parseOptions(words.slice(0, -1)).unknown);
    const options = { ...vppOptions(vpp, globals, session.env), timeoutMs: VPP_TIMEOUT_MS };
    const hooks = { onLost: (): void => undefined };
    const connection = await session.host.connectVpp(options, hooks, session.call.signal);
    try {
      return namesOf(connection, argument);
    } finally {
      await connection.close();
    }
  } catch {
    return [];
  }
}

function namesOf(connection: VppConnection, argument: VppArgument): string[] {
  if (argument === 'feature') return connection.features().map(({ name }) => name);
  const isMeant = ({ name, kind }: KnownMessage): boolean => {
    switch (argument) {
      case 'message':
        return true;
      case 'want':
        return kind === 'request' && name.startsWith('want_');
      case 'request':
      case 'dump':
        return kind === argument;
    }
  };
  return messagesOf(connection)
    .filter(isMeant)
    .map(({ name }) => name);
}
