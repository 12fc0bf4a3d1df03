/** `nfvd nva`: the NVA as a process. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { NfvError } from '../errors.js';
import { callerOf, parseAccessPolicy, type AccessPolicy } from '../model/access-policy.js';
import { systemClock, timestamp } from '../model/clock.js';
import { errorFields } from '../model/log.js';
import { AuditLog, type AuditEntry } from '../nva/audit-log.js';
import type { NvaConfig } from '../nva/config.js';
import { GuardingNva } from '../nva/guarding.js';
import { Nva } from '../nva/nva.js';
import { CallLimiter } from '../rpc/call-limiter.js';
import type { CallEnd } from '../rpc/handlers.js';
import { RpcServer } from '../rpc/server.js';
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import { Closing, DRAIN_MS, keepCertificates, type Service } from './daemon.js';
import { openNvaStore } from './nva-store.js';

export async function startNva(config: NvaConfig, log: Logger): Promise<Service> {
  const closing = new Closing();
  try {
    const { vniRange, keepRevisions } = config;
    const policy = await readPolicy(config);
    const audit = await openAudit(config, log);
    if (audit !== undefined) closing.add(() => audit.close());
    const tls = keepCertificates(log);
    closing.add(() => tls.close());
    const store = await openNvaStore(config);
    closing.add(() => store.close());
    const options = { store, clock: systemClock, log, vniRange, keepRevisions };
    const nva = await Nva.start({ ...options, ...(policy === undefined ? {} : { policy }) });
    const server = makeServer({ config, nva, log, policy, audit, tls });
    closing.add(() => server.stop(DRAIN_MS));
    // Before that: it ends the calls that would not end by themselves.
    closing.add(() => nva.stop());
    closing.add(() => {
      server.setServing(false);
    });
    const addresses = await server.start();
    const { storeId, epoch, revision } = store.status();
    const replica = store.peers?.self;
    log.info({ addresses, storeId, epoch, revision, replica }, 'NVA is up');
    return closing;
  } catch (error) {
    await closing.stop();
    throw error;
  }
}

/** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
export async function readPolicy({ access }: NvaConfig): Promise<AccessPolicy | undefined> {
  if (access === undefined) return undefined;
  const { policyFile } = access;
  const text = await readFile(policyFile, 'utf8').catch((cause: unknown) => {
    const { message } = NfvError.from(cause);
    throw new NfvError('FILE_UNREADABLE', `${policyFile}: ${message}`, { cause });
  });
  return parseAccessPolicy(text, policyFile);
}

async function openAudit({ audit }: NvaConfig, log: Logger): Promise<AuditLog | undefined> {
  if (audit === undefined) return undefined;
  return AuditLog.open(audit.file, (error, lost) => {
    log.error({ lines: lost, ...errorFields(error) }, 'lines of the audit log are lost');
  });
}

interface ServerParts {
  readonly config: NvaConfig;
  readonly nva: Nva;
  readonly log: Logger;
  readonly policy: AccessPolicy | undefined;
  readonly audit: AuditLog | undefined;
  readonly tls: TlsKeeper;
}

function makeServer({ config, nva, log, policy, audit, tls }: ServerParts): RpcServer {
  return new RpcServer({
    listeners: config.listen,
    tls,
    nva: {
      api: new GuardingNva(nva),
      session: nva.session,
      limiter: new CallLimiter(config.limits, systemClock),
      trustDomain: policy?.trustDomain,
      callerOf: (identity) => callerOf(policy, identity),
      onCallEnd(end) {
        audit?.add(auditEntry(end));
        const { path, peer, who, milliseconds, error } = end;
        const ms = Math.round(milliseconds);
        if (error === undefined) log.debug({ path, peer, who, ms }, 'call');
        else
          log.info({ path, peer, who, ms, code: error.code, error: error.message }, 'call failed');
      },
    },
  });
}

function auditEntry({ path, peer, who, target, milliseconds, error }: CallEnd): AuditEntry {
  return {
    time: timestamp(systemClock.now()),
    who,
    peer,
    method: path.slice(path.lastIndexOf('/') + 1),
    target,
    outcome: error?.code ?? 'OK',
    ms: Math.round(milliseconds),
  };
}
