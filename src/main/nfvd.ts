#!/usr/bin/env node
/** The daemons' program: `nfvd nva`, `nfvd nve`, `nfvd host` and others. */
import { Command, CommanderError, Option } from 'commander';
import { errorText } from '../cli/error-text.js';
import { Output } from '../cli/output.js';
import { NO_PAINT } from '../cli/style.js';
import { NfvError, type ErrorCode } from '../errors.js';
import { systemClock } from '../model/clock.js';
import type { NvaConfig } from '../nva/config.js';
import type { NveConfig } from '../nve/config.js';
import { quietGrpc } from '../rpc/quiet.js';
import type { TlsFiles } from '../rpc/tls-material.js';
import { keepHeapSmall } from './agent-v8.js';
import { EXIT, makeLog, readConfig, runUntilSignal } from './daemon.js';
import { packageVersion } from './version.js';

// What only one of the programs needs is loaded by it, when it is needed.
interface DaemonFlags {
  readonly config: string;
  readonly checkConfig?: boolean;
}

/** Of what prints, and no daemon does. */
let out: Output | undefined;
let printed: Promise<void> = Promise.resolve();

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
    const { parseNvaConfig } = await import('../nva/config.js');
    const config = await readConfig(flags.config, parseNvaConfig);
    if (flags.checkConfig === true) {
      await checkNvaFiles(config, warn);
      await checkAudit(config);
      await (await import('./nva-store.js')).checkStoreFiles(config);
      print(`${flags.config}: ok`);
      return;
    }
    const log = makeLog('nva', config.log.level);
    const { StoreOpening } = await import('./nva-store.js');
    await runUntilSignal(log, async () => {
      // One that cannot be started for these leaves its store alone.
      await checkNvaFiles(config);
      const opening = new StoreOpening(config);
      try {
        await opening.begin();
        const { startNva } = await import('./nva-daemon.js');
        return await startNva(config, log, opening);
      } catch (error) {
        await opening.close();
        throw error;
      }
    });
  });

const nve = program
  .command('nve')
  .description("run the agent of an NVE's host")
  .option('-c, --config <file>', 'configuration', '/etc/nfvd/nve.yaml')
  .option('--check-config', 'check the configuration, and do no more')
  .action(async (flags: DaemonFlags) => {
    keepHeapSmall();
    const config = await readNveConfig(flags);
    if (flags.checkConfig === true) {
      const entries = [...config.listen, ...config.nva, ...(config.metrics?.listen ?? [])];
      await checkTls(entries, warn);
      print(`${flags.config}: ok`);
      return;
    }
    const log = makeLog('nve', config.log.level);
    const { startNve } = await import('./nve-daemon.js');
    await runUntilSignal(log, (signal) => startNve(config, log, signal));
  });

nve
  .command('plan')
  .description('show what the agent would change on this host now, and change nothing')
  .addOption(
    new Option('-o, --output <form>', 'what to print').choices(['text', 'json']).default('text'),
  )
  .action(async ({ output }: { readonly output: string }) => {
    const config = await readNveConfig(nve.opts<DaemonFlags>());
    const { planNve } = await import('./nve-offline.js');
    const { formatPlan, summarizePlan } = await import('../reconcile/format-plan.js');
    const plan = await planNve(config);
    if (output === 'json') print(JSON.stringify(summarizePlan(plan), undefined, 2));
    else for (const line of formatPlan(plan)) print(line);
  });

nve
  .command('forget')
  .description('drop the stored configuration, so that the agent accepts another NVA')
  .action(async () => {
    const config = await readNveConfig(nve.opts<DaemonFlags>());
    const { forgetNve } = await import('./nve-offline.js');
    const isSame = await forgetNve(config);
    print('forgotten; the dataplane is as it was');
    if (!isSame) {
      print(`the identity is new: nfvctl update nve ${config.name} --reset-identity`);
    }
  });

program
  .command('store')
  .description("an NVA's store, while no NVA uses it")
  .command('copy')
  .description('copy it from where one configuration of the NVA has it to where another has it')
  .requiredOption('--from <file>', 'configuration of the NVA that has the store')
  .requiredOption('--to <file>', 'configuration of the NVA that is to have it')
  .action(async (flags: { readonly from: string; readonly to: string }) => {
    const { parseNvaConfig } = await import('../nva/config.js');
    const from = await readConfig(flags.from, parseNvaConfig);
    const to = await readConfig(flags.to, parseNvaConfig);
    const { copyNvaStore } = await import('./store-copy.js');
    const { keys, transactions } = await copyNvaStore(from, to);
    print(`copied and compared: ${keys} keys, ${transactions} transactions of history`);
  });

program
  .command('nve-conformance')
  .description('play the NVA, and examine whether an NVE keeps to docs/nve-protocol.md')
  .option('--target <id>', 'the NVE that is examined, which connects by itself')
  .option('--listen <address>', 'where it connects to', 'unix:/run/nfvd/conformance.sock')
  .option('--vtep <address>', 'the VTEP address it gets; the first that it tells where not given')
  .option('--vni <number>', 'the first of the 16 VNIs that are used', '16777000')
  .option('--timeout <seconds>', 'what it has for each thing that is expected of it', '20')
  .option('--only <prefix>', 'the cases whose names begin so')
  .option('--list', 'show the cases, and do no more')
  .addOption(
    new Option('-o, --output <form>', 'what to print').choices(['text', 'json']).default('text'),
  )
  .option('--ca <file>', 'PEM: who may connect; what others can reach needs it')
  .option('--cert <file>', 'PEM: our certificate')
  .option('--key <file>', 'PEM: its private key')
  .action(async (flags: unknown) => {
    const { runConformance } = await import('./nve-conformance.js');
    if (!(await runConformance(flags, print, untilInterrupted()))) process.exitCode = EXIT.failed;
  });

const host = program
  .command('host')
  .description('what of host preparation nobody waits for; "nfvctl host" is for people');

interface HostFlags {
  readonly stateDir: string;
  readonly nva: readonly string[];
}

for (const [name, description] of [
  ['recover', 'after a boot or a crash: prepare the host again, or take back what was cut off'],
  ['guard', 'undo the change that waits to be confirmed when its time is over'],
] as const) {
  host
    .command(name)
    .description(description)
    .option('--state-dir <directory>', 'where changes are written down', '/var/lib/nfvd/host')
    .option('--nva <address...>', 'IP addresses of the NVA, the way to which is guarded', [])
    .action(async (flags: HostFlags) => {
      const { guardHost, recoverHost } = await import('./host-daemon.js');
      const log = makeLog('host', 'info');
      await (name === 'recover' ? recoverHost(flags, log) : guardHost(flags, log));
    });
}

/** What is wrong with a configuration that can be read, or with a flag. */
const FAULTY: readonly ErrorCode[] = ['CONFIG_INVALID', 'MESSAGE_TOO_LARGE', 'INVALID_FIELD'];

/** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
async function readNveConfig({ config }: DaemonFlags): Promise<NveConfig> {
  const { parseNveConfig } = await import('../nve/config.js');
  return await readConfig(config, parseNveConfig);
}

/**
 * @param say what is no fault, and wants to be known; where there is a log, that has it
 * @throws NfvError FILE_UNREADABLE
 */
async function checkNvaFiles(
  { access, listen, metrics, peer, store }: NvaConfig,
  say?: (line: string) => void,
): Promise<void> {
  const entries = [...listen, ...(peer === undefined ? [] : [peer]), ...(metrics?.listen ?? [])];
  // Without a certificate of ours there is nothing in it that ends for us.
  const hasOwn = store.kind === 'etcd' && store.tls !== undefined && store.tls.cert !== '';
  await checkTls(hasOwn ? [...entries, store] : entries, say);
  if (access === undefined) return;
  const { readPolicyFile } = await import('../nva/access/policy-file.js');
  await readPolicyFile(access.policyFile);
}

/** At a start it is opened. @throws NfvError FILE_UNREADABLE */
async function checkAudit({ audit, dataDir, store }: NvaConfig): Promise<void> {
  if (audit === undefined) return;
  const { checkAuditFile } = await import('../nva/access/audit-log.js');
  await checkAuditFile(audit.file, store.kind === 'embedded' ? dataDir : undefined);
}

async function checkTls(
  entries: readonly { readonly tls?: TlsFiles }[],
  say: (line: string) => void = () => undefined,
): Promise<void> {
  const { readTls } = await import('../rpc/tls-files.js');
  for (const { tls } of entries) {
    if (tls === undefined) continue;
    const material = readTls(tls);
    const { crlUntil, term, unlisted } = material;
    const now = systemClock.now();
    for (const ca of unlisted) {
      say(`${tls.crl ?? ''}: it has no revocation list of the CA ${ca}: nobody below it is taken`);
    }
    if (!material.isGoodAt(now)) say(`${tls.cert}: ${term}, and not now`);
    if (crlUntil === undefined || crlUntil.getTime() > now) continue;
    say(`${tls.crl ?? ''}: it has ended, ${crlUntil.toISOString()}: nobody is taken by it`);
  }
}

function warn(line: string): void {
  process.stderr.write(`warning: ${line}\n`);
}

/** Aborts with the first SIGINT or SIGTERM. */
function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort(new NfvError('CANCELLED', 'interrupted'));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return controller.signal;
}

function print(line: string): void {
  out ??= new Output(process.stdout);
  printed = out.write(`${line}\n`);
}

/** @throws NfvError OUTPUT_FAILED; that nobody reads on is no failure */
async function allPrinted(): Promise<void> {
  await printed;
  const cause = out?.failure;
  if (cause === undefined) return;
  throw new NfvError('OUTPUT_FAILED', `stdout: ${cause.message}`, { cause });
}

quietGrpc(process.env);
try {
  await program.parseAsync();
  await allPrinted();
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
