import type { Command } from 'commander';
import type { ResourceKind } from '../../model/api.js';
import { complete } from '../complete.js';
import { escapeText } from '../escape.js';
import { EXIT } from '../exit-codes.js';
import { connectOptions, readGlobals, type Globals } from '../globals.js';
import { apiOf } from '../kinds.js';
import type { Session } from '../session.js';
import type { Verb } from '../verb.js';

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
    const found = await complete(program, words, (kind) => liveNames(session, globals, kind));
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
