import type { Command } from 'commander';
import { invalidField } from '../../errors.js';
import { nearest } from '../../model/nearest.js';
import type { Verb } from '../verb.js';

export const helpVerb: Verb = (program, define) => {
  const command = program
    .command('help')
    .description('Shows the help of a verb.')
    .argument('[verb...]', 'which, e.g. create network');
  // Ends the command line as --help does.
  define(command, (_session, words) => Promise.resolve(commandAt(program, words).help()));
};

/** @throws NfvError INVALID_FIELD */
function commandAt(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((c) => c.name() === word || c.aliases().includes(word));
    if (next === undefined) throw notACommand(command, word);
    command = next;
  }
  return command;
}

function notACommand(parent: Command, word: string): Error {
  const known = parent.createHelp().visibleCommands(parent);
  if (known.length === 0) return invalidField('VERB', word, 'one word too many', 'leave it out');
  const names = known.map((c) => c.name());
  const meant = nearest(word, names);
  const list = `give one of ${names.join(', ')}`;
  const remedy = meant === undefined ? list : `did you mean "${meant}"? ${list}`;
  return invalidField('VERB', word, 'there is no such verb', remedy);
}
