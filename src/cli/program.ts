/** The command line: every verb with its flags and help. */
import { Command, CommanderError } from 'commander';
import { exitCodeHelp } from './exit-codes.js';
import { addGlobals } from './globals.js';
import { applyVerb } from './verbs/apply.js';
import { clearDuplicatesVerb } from './verbs/clear-duplicates.js';
import { completeVerb } from './verbs/complete.js';
import { completionVerb } from './verbs/completion.js';
import { confirmVerb } from './verbs/confirm.js';
import { countersVerb } from './verbs/counters.js';
import { createVerb } from './verbs/create.js';
import { deleteVerb } from './verbs/delete.js';
import { describeVerb } from './verbs/describe.js';
import { diffVerb } from './verbs/diff.js';
import { eventsVerb } from './verbs/events.js';
import { getVerb } from './verbs/get.js';
import { helpVerb } from './verbs/help.js';
import { historyVerb, showVerb } from './verbs/history.js';
import { hostVerb } from './verbs/host.js';
import { pkiVerb } from './verbs/pki.js';
import { migrateVerb } from './verbs/migrate.js';
import { planVerb } from './verbs/plan.js';
import { rollbackVerb } from './verbs/rollback.js';
import { topVerb } from './verbs/top.js';
import { traceVerb } from './verbs/trace.js';
import { updateVerb } from './verbs/update.js';
import { versionVerb } from './verbs/version.js';
import { vppVerb } from './verbs/vpp.js';
import { waitVerb } from './verbs/wait.js';
import { watchVerb } from './verbs/watch.js';
import { examples, type Define, type Verb } from './verb.js';

const VERBS: readonly Verb[] = [
  getVerb,
  describeVerb,
  createVerb,
  updateVerb,
  deleteVerb,
  migrateVerb,
  clearDuplicatesVerb,
  applyVerb,
  planVerb,
  diffVerb,
  historyVerb,
  showVerb,
  rollbackVerb,
  confirmVerb,
  watchVerb,
  waitVerb,
  traceVerb,
  countersVerb,
  topVerb,
  eventsVerb,
  vppVerb,
  hostVerb,
  pkiVerb,
  completionVerb,
  completeVerb,
  versionVerb,
  helpVerb,
];

/** Those that change something, with what may follow them. */
const CHANGING: readonly string[] = [
  ...['create', 'update', 'delete', 'migrate', 'clear-duplicates', 'apply', 'rollback', 'confirm'],
  ...['host apply', 'host confirm', 'host undo', 'host drift', 'pki', 'vpp call'],
];

const HELP_WIDTH = 100;

/** The code of what is thrown where --version is met. */
export const VERSION_ASKED = 'nfvctl.version';

/** Whether the command changes something, rather than looks. */
export function isChange(command: Command): boolean {
  const words: string[] = [];
  for (let each = command; each.parent !== null; each = each.parent) words.unshift(each.name());
  const line = `${words.join(' ')} `;
  return CHANGING.some((verb) => line.startsWith(`${verb} `));
}

export interface HelpOutput {
  /** Gets the text that --help asks for. */
  readonly write: (text: string) => void;
  /** Of the terminal; undefined: there is none. */
  readonly columns: number | undefined;
}

export function buildProgram(define: Define, help: HelpOutput): Command {
  const width = (): number => Math.min(help.columns ?? HELP_WIDTH, HELP_WIDTH);
  const program = new Command('nfvctl')
    .description('Looks at and changes the virtual networks of an NFV host pool, through its NVA.')
    .exitOverride()
    .configureOutput({
      writeOut: help.write,
      // Errors are thrown, and told in one place.
      writeErr: () => undefined,
      getOutHelpWidth: width,
      getErrHelpWidth: width,
    })
    .configureHelp({
      showGlobalOptions: true,
      // Without the aliases.
      subcommandTerm: (command) => command.name(),
      commandUsage: (command) => `${fullName(command)} ${command.usage()}`,
    })
    // Ours leads to the kinds below a verb too.
    .helpCommand(false)
    .addHelpText(
      'after',
      `${examples(
        'nfvctl get all',
        'nfvctl apply -f examples/two-tenants.yaml --wait',
        'nfvctl describe nve host-a',
        'nfvctl help create network',
      )}\n\n${exitCodeHelp()}`,
    );
  addGlobals(program);
  program.option('-V, --version', 'say which nfvctl this is').on('option:version', () => {
    throw new CommanderError(0, VERSION_ASKED, '');
  });
  for (const verb of VERBS) verb(program, define);
  return program;
}

/** The command that these arguments lead to, as far as they do. */
export function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const arg of argv) {
    const next = command.commands.find((c) => c.name() === arg || c.aliases().includes(arg));
    if (next !== undefined) command = next;
  }
  return command;
}

/** `nfvctl create network`. */
export function fullName(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${fullName(parent)} ${command.name()}`;
}
