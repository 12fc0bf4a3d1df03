import { CommanderError, type Command } from 'commander';
import { NfvError } from '../errors.js';
import { causeText, errorText } from './error-text.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { readGlobals } from './globals.js';
import type { CliHost } from './host.js';
import { Output } from './output.js';
import { buildProgram, commandOf, isChange, VERSION_ASKED } from './program.js';
import { Session } from './session.js';
import { paintFor } from './style.js';
import { usageError } from './usage-error.js';
import type { Handler } from './verb.js';
import { versionText } from './verbs/version.js';
import { withWaitValues } from './wait-option.js';

/** Runs one command line, `argv` without program names. @returns the exit status; never throws. */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  return new Run(host).run(withWaitValues(argv));
}

class Run {
  readonly #out: Output;
  readonly #err: Output;
  readonly #program: Command;
  #help = '';
  #status: number = EXIT.ok.code;
  /** What it does counts, whoever reads of it. */
  #changes = false;

  constructor(private readonly host: CliHost) {
    this.#out = new Output(host.stdout, host.interrupted);
    this.#err = new Output(host.stderr, host.interrupted);
    this.#program = buildProgram(
      (command, handler) => {
        command.action(() => this.#handle(command, handler));
      },
      {
        write: (text) => {
          this.#help += text;
        },
        columns: host.stdout.columns,
      },
    );
  }

  async run(argv: readonly string[]): Promise<number> {
    const status = await this.#ended(argv);
    const cause = this.#out.failure;
    if (cause === undefined || this.host.interrupted.aborted) return status;
    // Half a list, say in a file on a full disk, is to be taken for a whole one by nobody.
    return this.#fail(new NfvError('OUTPUT_FAILED', `stdout: ${cause.message}`, { cause }));
  }

  async #ended(argv: readonly string[]): Promise<number> {
    try {
      await this.#program.parseAsync(argv, { from: 'user' });
      return this.#status;
    } catch (thrown) {
      if (this.host.interrupted.aborted) return EXIT.interrupted.code;
      if (this.#out.gone.aborted && !this.#changes) return EXIT.ok.code;
      if (thrown instanceof CommanderError) return await this.#usage(thrown, argv);
      return await this.#fail(NfvError.from(thrown));
    }
  }

  async #handle(command: Command, handler: Handler): Promise<void> {
    const globals = readGlobals(this.#program);
    this.#changes = isChange(command);
    const session = new Session(this.host, globals, this.#out, this.#err, this.#changes);
    try {
      this.#status = await handler(session, command.args, command.opts());
      if (this.host.interrupted.aborted) this.#status = EXIT.interrupted.code;
    } finally {
      session.close();
    }
  }

  async #usage(error: CommanderError, argv: readonly string[]): Promise<number> {
    if (error.exitCode === 0) {
      const text = error.code === VERSION_ASKED ? await versionText() : this.#help;
      await this.#out.write(text);
      return EXIT.ok.code;
    }
    const command = commandOf(this.#program, argv);
    if (error.code === 'commander.help') {
      await this.#err.write(command.helpInformation());
      return EXIT.invalid.code;
    }
    return this.#fail(usageError(error, command));
  }

  async #fail(error: NfvError): Promise<number> {
    const { color, debug } = readGlobals(this.#program);
    const paint = paintFor(this.#err.isTTY, this.host.env, color);
    await this.#err.write(errorText(error, paint) + (debug ? causeText(error) : ''));
    return exitCodeOf(error);
  }
}
