#!/usr/bin/env node
/** The daemons' program: `nfvd nva`, `nfvd nve`. */
import { Command } from 'commander';
import { NfvError } from '../errors.js';
import { parseNvaConfig } from '../nva/config.js';
import { parseNveConfig } from '../nve/config.js';
import { formatPlan, summarizePlan } from '../reconcile/format-plan.js';
import { makeLog, readConfig, runUntilSignal } from './daemon.js';
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
  .version(packageVersion());

program
  .command('nva')
  .description('run the network virtualization authority')
  .option('-c, --config <file>', 'configuration', '/etc/nfvd/nva.yaml')
  .option('--check-config', 'check the configuration, and do no more')
  .action(async (flags: DaemonFlags) => {
    const config = await readConfig(flags.config, parseNvaConfig);
    if (flags.checkConfig === true) {
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
      print(`${flags.config}: ok`);
      return;
    }
    const log = makeLog('nve', config.log.level);
    await runUntilSignal(log, () => startNve(config, log));
  });

nve
  .command('plan')
  .description('show what the agent would change on this host now, and change nothing')
  .option('-o, --output <form>', 'text or json', 'text')
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

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await program.parseAsync();
} catch (thrown) {
  const error = NfvError.from(thrown);
  process.stderr.write(`error: ${error.message}\nremedy: ${error.remedy}\n`);
  process.exitCode = 1;
}
