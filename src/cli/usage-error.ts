/** What commander says of a wrong command line, in our form. */
import type { Command, CommanderError } from 'commander';
import { NfvError } from '../errors.js';
import { notAKind } from './kinds.js';
import { fullName } from './program.js';

/** `command` is the one that the line leads to, as far as it does. */
export function usageError(error: CommanderError, command: Command): NfvError {
  const [message = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, word = ''] = /^unknown command '(.*)'$/.exec(message) ?? [];
  // What stands below a verb are kinds; below vpp it is verbs.
  if (word !== '' && command.parent !== null && command.name() !== 'vpp') return notAKind(word);
  const remedy = `${remedyOf(error, command, hint)}see "${fullName(command)} --help"`;
  return new NfvError('INVALID_FIELD', message, { remedy });
}

function remedyOf({ code, message }: CommanderError, command: Command, hint: string): string {
  const [, meant] = /^\(Did you mean (.*)\?\)$/.exec(hint) ?? [];
  if (meant !== undefined) return `did you mean ${meant}? `;
  const [first = ''] = command.args;
  if (code === 'commander.missingMandatoryOptionValue' && message.includes('--filename')) {
    return first === '' ? '' : `did you mean -f ${first}? `;
  }
  if (code !== 'commander.missingArgument') return '';
  const missing = command.registeredArguments.find((a) => message.includes(`'${a.name()}'`));
  return missing === undefined ? '' : `give ${missing.description}; `;
}
