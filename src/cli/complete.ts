/** What could come next on a command line. */
import type { Command, Option } from 'commander';
import type { ResourceKind } from '../model/api.js';
import { KIND_NAMES, KINDS, parseKind } from './kinds.js';
import { STATES, stateWord } from './states.js';

export interface Candidate {
  readonly word: string;
  /** What it is, for shells that show it; may be empty. */
  readonly about: string;
}

/** Arguments of `nfvctl vpp` that VPP knows the values of. */
export const VPP_ARGUMENTS = ['message', 'request', 'dump', 'want', 'feature'] as const;
export type VppArgument = (typeof VPP_ARGUMENTS)[number];

/** Names of what exists; empty if that cannot be found out. */
export type LiveNames = (kind: ResourceKind) => Promise<readonly string[]>;

export interface Live {
  /** The NVA's. */
  readonly resources: LiveNames;
  /** Those of VPP that an argument can be. */
  readonly vpp: (argument: VppArgument) => Promise<readonly string[]>;
}

/**
 * Words that may stand where the last of `words` is being written.
 * @param words without the program's name; the last may be empty
 */
export async function complete(
  program: Command,
  words: readonly string[],
  live: Live,
): Promise<Candidate[]> {
  const last = words.at(-1) ?? '';
  const found = await candidates(walk(program, words.slice(0, -1)), last, live);
  return found.filter(({ word }) => word.startsWith(last));
}

interface Position {
  readonly command: Command;
  /** Of that command. */
  readonly operands: readonly string[];
  /** The option that waits for its value. */
  readonly option?: Option;
}

function walk(program: Command, words: readonly string[]): Position {
  let command = program;
  let operands: string[] = [];
  let option: Option | undefined;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
    } else if (word.startsWith('-')) {
      option = optionsOf(command).find((o) => o.required && (o.short === word || o.long === word));
    } else {
      const next = command.commands.find((c) => c.name() === word || c.aliases().includes(word));
      if (next === undefined) operands.push(word);
      else [command, operands] = [next, []];
    }
  }
  return { command, operands, ...(option === undefined ? {} : { option }) };
}

async function candidates(
  { command, operands, option }: Position,
  last: string,
  live: Live,
): Promise<Candidate[]> {
  if (option !== undefined) return valuesOf(option, last, live.resources);
  const [, flag = '', value = ''] = /^(--[\w-]+)=(.*)$/s.exec(last) ?? [];
  if (flag !== '') {
    const given = optionsOf(command).find(({ long }) => long === flag);
    const values = given === undefined ? [] : await valuesOf(given, value, live.resources);
    return values.map(({ word, about }) => ({ word: `${flag}=${word}`, about }));
  }
  if (last.startsWith('-')) {
    return optionsOf(command).flatMap(({ long, description }) =>
      long === undefined ? [] : [{ word: long, about: description }],
    );
  }
  if (command.commands.length > 0) return subcommands(command);
  return wordsOf(command, operands, last, live);
}

/** What an argument of a command can be. */
async function wordsOf(
  command: Command,
  operands: readonly string[],
  last: string,
  live: Live,
): Promise<Candidate[]> {
  const args = command.registeredArguments;
  const argument = args[operands.length] ?? args.at(-1);
  if (argument === undefined || (operands.length >= args.length && !argument.variadic)) return [];
  const known = await namesFor(argument.name(), live);
  if (known !== undefined) return unused(known, operands);
  switch (argument.name()) {
    case 'kind':
      return last.includes('/') ? refs(last, live.resources) : kinds();
    case 'name':
      return operands[0]?.includes('/') === true
        ? refs(last, live.resources)
        : names(operands[0] ?? command.name(), operands.slice(1), live.resources);
    case 'verb':
      return subcommands(walk(command.parent ?? command, operands).command);
    case 'shell':
      return argument.description.split(', ').map((word) => ({ word, about: '' }));
    default:
      return [];
  }
}

/** Of arguments that stand for one kind of thing; undefined: another argument. */
async function namesFor(argument: string, live: Live): Promise<readonly string[] | undefined> {
  if (/^endpoint2?$/.test(argument)) return await live.resources('Endpoint');
  const ofVpp = VPP_ARGUMENTS.find((name) => name === argument);
  return ofVpp === undefined ? undefined : await live.vpp(ofVpp);
}

/** Its own, and those of the commands above it. */
function optionsOf(command: Command): Option[] {
  const own = command.options.filter((option) => !option.hidden);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

function subcommands(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((c) => ({ word: c.name(), about: c.summary() || c.description() }));
}

function kinds(): Candidate[] {
  return KINDS.map((kind) => ({ word: KIND_NAMES[kind].plural, about: '' }));
}

const KINDS_OF_FLAGS: Readonly<Record<string, ResourceKind>> = {
  '--network': 'VirtualNetwork',
  '--nve': 'Nve',
  '--subnet': 'Subnet',
};

/** Of flags that take them in any case, so that they are no choices of commander's. */
const VALUES_OF_FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--bum-mode': ['head-end', 'multicast', 'none'],
  '--underlay-family': ['ipv4', 'ipv6'],
  '--admin-state': ['up', 'down'],
  '--gateway': ['none'],
  '--drift-policy': ['default', 'repair', 'report', 'ignore'],
};

async function valuesOf(option: Option, last: string, liveNames: LiveNames): Promise<Candidate[]> {
  const flag = option.long ?? '';
  if (flag === '--for') return conditions(last, liveNames);
  const kind = KINDS_OF_FLAGS[flag];
  const words =
    kind === undefined ? (VALUES_OF_FLAGS[flag] ?? option.argChoices ?? []) : await liveNames(kind);
  return words.map((word) => ({ word, about: '' }));
}

/** `endpoint/web-1=active`, part by part. */
async function conditions(last: string, liveNames: LiveNames): Promise<Candidate[]> {
  const [kindName = ''] = last.split('/', 1);
  if (kindName === last) {
    return KINDS.map((kind) => ({ word: `${KIND_NAMES[kind].singular}/`, about: '' }));
  }
  const equals = last.indexOf('=');
  if (equals < 0) return refs(last, liveNames);
  const kind = kindOf(kindName);
  const states = kind === undefined ? [] : STATES[kind].map(stateWord);
  return states.map((state) => ({ word: `${last.slice(0, equals)}=${state}`, about: '' }));
}

async function names(
  kindName: string,
  given: readonly string[],
  liveNames: LiveNames,
): Promise<Candidate[]> {
  const kind = kindOf(kindName);
  if (kind === undefined) return [];
  return unused(await liveNames(kind), given);
}

function unused(live: readonly string[], given: readonly string[]): Candidate[] {
  return live.filter((word) => !given.includes(word)).map((word) => ({ word, about: '' }));
}

/** `network/b` to `network/blue`. */
async function refs(last: string, liveNames: LiveNames): Promise<Candidate[]> {
  const kindName = last.slice(0, Math.max(0, last.indexOf('/')));
  const kind = kindOf(kindName);
  if (kind === undefined) return [];
  return (await liveNames(kind)).map((id) => ({ word: `${kindName}/${id}`, about: '' }));
}

function kindOf(text: string): ResourceKind | undefined {
  try {
    return parseKind(text);
  } catch {
    return undefined;
  }
}
