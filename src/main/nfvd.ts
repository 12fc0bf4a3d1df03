#!/usr/bin/env node
/** The daemons' program: `nfvd nva`, `nfvd nve`. */
import { Command, CommanderError, Option } from 'commander';
import { errorText } from '../cli/error-text.js';
import { NO_PAINT } from '../cli/style.js';
import { NfvError, type ErrorCode } from '../errors.js';
import { parseNvaConfig } from '../nva/config.js';
import { parseNveConfig } from '../nve/config.js';
import { formatPlan, summarizePlan } from '../reconcile/format-plan.js';
import { quietGrpc } from '../rpc/quiet.js';
import { readPem, type TlsFiles } from '../rpc/tls.js';
import { EXIT, makeLog, readConfig, runUntilSignal } from './daemon.js';
import { startNva } from './nva-daemon.js';
import { startNve } from './nve-daemon.js';
import { forgetNve, planNve } from './nve-offline.js';
import { packageVersion } from './version.js';

interface DaemonFlags {
  readonly config: string;
  readonly checkConfig?: boolean;
}

const program = new Command('nfvd')
  .description("The daemons of nfvd: the NVA, and the agent of an NVE's host.")
  .version(packageVersion())
  .exitOverride();

program
  .command('nva')
  .description('run the network virtualization authority')
  .option('-c, --config <file>', 'configuration', '/etc/nfvd/nva.yaml')
  .option('--check-config', 'check the configuration, and do no more')
  .action(async (flags: DaemonFlags) => {
    const config = await readConfig(flags.config, parseNvaConfig);
    if (flags.checkConfig === true) {
      checkTls(config.listen);
      print(`${flags.config}: ok`);
      return;
    }
    const log = makeLog('nva', config.log.level);
    await runUntilSignal(log, () => startNva(config, log));
  });

const nve = program
  .command('nve')
  .description("run the agent of an NVE's host")
  .option('-c, --config <file>', 'configuration', '/etc/nfvd/nve.yaml')
  .option('--check-config', 'check the configuration, and do no more')
  .action(async (flags: DaemonFlags) => {
    const config = await readConfig(flags.config, parseNveConfig);
    if (flags.checkConfig === true) {
      checkTls([...config.listen, ...config.nva]);
      print(`${flags.config}: ok`);
      return;
    }
    const log = makeLog('nve', config.log.level);
    await runUntilSignal(log, () => startNve(config, log));
  });

nve
  .command('plan')
  .description('show what the agent would change on this host now, and change nothing')
  .addOption(
    new Option('-o, --output <form>', 'what to print').choices(['text', 'json']).default('text'),
  )
  .action(async ({ output }: { readonly output: string }) => {
    const config = await readConfig(nve.opts<DaemonFlags>().config, parseNveConfig);
    const plan = await planNve(config);
    if (output === 'json') print(JSON.stringify(summarizePlan(plan), undefined, 2));
    else for (const line of formatPlan(plan)) print(line);
  });

nve
  .command('forget')
  .description('drop the stored configuration, so that the agent accepts another NVA')
  .action(async () => {
    const config = await readConfig(nve.opts<DaemonFlags>().config, parseNveConfig);
    const isSame = await forgetNve(config);
    print('forgotten; the dataplane is as it was');
    if (!isSame) {
      print(`the identity is new: nfvctl update nve ${config.name} --reset-identity`);
    }
  });

/** What is wrong with a configuration that can be read. */
const FAULTY: readonly ErrorCode[] = ['CONFIG_INVALID', 'MESSAGE_TOO_LARGE'];

/** @throws NfvError FILE_UNREADABLE */
function checkTls(entries: readonly { readonly tls?: TlsFiles }[]): void {
  for (const { tls } of entries) if (tls !== undefined) readPem(tls);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

quietGrpc(process.env);
try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    // It has said what it has to say; --help and --version are no errors.
    process.exitCode = thrown.exitCode === 0 ? 0 : EXIT.invalid;
  } else {
    const error = NfvError.from(thrown);
    process.stderr.write(errorText(error, NO_PAINT));
    process.exitCode = FAULTY.includes(error.code) ? EXIT.invalid : EXIT.failed;
  }
}
