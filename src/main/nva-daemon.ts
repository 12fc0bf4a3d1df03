/** `nfvd nva`: the NVA as a process. */
import type { Logger } from 'pino';
import { clip } from '../errors.js';
import { callerOf } from '../model/access-policy.js';
import { systemClock, timestamp } from '../model/clock.js';
import { errorFields, MAX_LOGGED } from '../model/log.js';
import type { Tracer } from '../model/tracing.js';
import { AuditLog, type AuditEntry } from '../nva/access/audit-log.js';
import type { NvaConfig } from '../nva/config.js';
import type { LivePolicy } from '../nva/access/live-policy.js';
import { PolicyFile } from '../nva/access/policy-file.js';
import { GuardingNva } from '../nva/access/guarding.js';
import type { LivenessTuning } from '../nva/liveness/liveness.js';
import { Nva } from '../nva/nva.js';
import { CallLimiter } from '../rpc/call-limiter.js';
import { ConnectionLimiter } from '../rpc/connection-limiter.js';
import type { CallEnd } from '../rpc/handlers.js';
import { loadProtos } from '../rpc/load.js';
import { ReplicaClients } from '../rpc/replica-clients.js';
import { RpcServer } from '../rpc/server.js';
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import { Closing, DRAIN_MS, keepCertificates, type Service } from './daemon.js';
import { makeNvaMetrics, type NvaMetricsParts } from './nva-metrics.js';
import type { StoreOpening } from './nva-store.js';
import { openTracing } from './tracing.js';

/** @param opening is closed with the service, or if it cannot be started */
export async function startNva(
  config: NvaConfig,
  log: Logger,
  opening: StoreOpening,
): Promise<Service> {
  const closing = new Closing();
  closing.add(() => opening.close());
  try {
    const {
      vniRange,
      keepRevisions,
      history: { maxChanges, maxAge },
      duplicates: { moves, window: windowMs, macHold: macHoldMs, ipHold: ipHoldMs },
    } = config;
    const policy = await openPolicy(config, log, closing);
    const audit = await openAudit(config, log);
    if (audit !== undefined) closing.add(() => audit.close());
    const tls = keepCertificates(log);
    closing.add(() => tls.close());
    const tracing = await openTracing(config.tracing, 'nfvd-nva', log);
    if (tracing !== undefined) closing.add(() => tracing.stop());
    const { store: opened, checked } = await opening.store(tls);
    const running: { nva?: Nva } = {};
    const metrics = await makeNvaMetrics(config, tls, () => running.nva?.read());
    const store = metrics?.measured(opened) ?? opened;
    const history = { maxChanges, maxAgeMs: maxAge };
    const options = { store, checked, clock: systemClock, log, vniRange, keepRevisions, history };
    const liveness = livenessOf(config);
    const replicas = peersOf(config, tls, closing);
    // Here, while another thread checks the store.
    loadProtos();
    const nva = await Nva.start({
      ...options,
      ...(replicas === undefined ? {} : { replicas }),
      ...(liveness === undefined ? {} : { liveness }),
      duplicates: { moves, windowMs, macHoldMs, ipHoldMs },
      ...(policy === undefined ? {} : { policy: () => policy.current }),
      ...(metrics === undefined ? {} : { meter: metrics.meter }),
      ...(tracing === undefined ? {} : { tracer: tracing }),
    });
    running.nva = nva;
    const server = makeServer({ config, nva, log, policy, audit, tls, metrics, tracing });
    closing.add(() => server.stop(DRAIN_MS));
    // Before that: it ends the calls that would not end by themselves.
    closing.add(() => nva.stop());
    closing.add(() => {
      server.setServing(false);
    });
    if (metrics !== undefined) closing.add(() => metrics.stop());
    const addresses = await server.start();
    const scraped = await metrics?.start();
    const { storeId, epoch, revision } = store.status();
    const replica = store.peers?.self;
    log.info({ addresses, metrics: scraped, storeId, epoch, revision, replica }, 'NVA is up');
    return closing;
  } catch (error) {
    await closing.stop();
    throw error;
  }
}

/** The way to the other replicas, where one is configured. @throws NfvError FILE_UNREADABLE */
function peersOf(
  { peer, store }: NvaConfig,
  keeper: TlsKeeper,
  closing: Closing,
): ReplicaClients | undefined {
  if (peer === undefined || store.kind === 'embedded') return undefined;
  const replicas = new ReplicaClients(peer.tls && keeper.keep(peer.tls));
  closing.add(() => {
    replicas.close();
  });
  return replicas;
}

function livenessOf({ liveness }: NvaConfig): LivenessTuning | undefined {
  const { withdraw, deadAfter, ...tuning } = liveness;
  return withdraw ? { ...tuning, deadAfterMs: deadAfter } : undefined;
}

/** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
async function openPolicy(
  { access }: NvaConfig,
  log: Logger,
  closing: Closing,
): Promise<LivePolicy | undefined> {
  if (access === undefined) return undefined;
  const file = await PolicyFile.open(access.policyFile, systemClock, {
    replaced: (path) => {
      log.info({ file: path }, 'new access policy in use');
    },
    refused: (path, error) => {
      log.error(
        { file: path, ...errorFields(error) },
        'new access policy refused; the old one stays',
      );
    },
  });
  closing.add(() => file.close());
  return file.policy;
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
  readonly policy: LivePolicy | undefined;
  readonly audit: AuditLog | undefined;
  readonly tls: TlsKeeper;
  readonly metrics: NvaMetricsParts | undefined;
  readonly tracing: Tracer | undefined;
}

function makeServer(parts: ServerParts): RpcServer {
  const { config, nva, log, policy, audit, tls, metrics, tracing } = parts;
  const hasPeers = config.store.kind !== 'embedded';
  return new RpcServer({
    listeners: config.listen,
    tls,
    nva: {
      api: new GuardingNva(nva),
      session: nva.session,
      replica: hasPeers ? nva.questions.own : undefined,
      tracer: tracing,
      limiter: new CallLimiter(config.limits, systemClock),
      connections: new ConnectionLimiter(config.limits.connections, systemClock, (refused) => {
        log.warn({ ...refused }, 'too many connections of one identity');
      }),
      trustDomain: policy?.current.trustDomain,
      callerOf: (identity) => policy?.callerOf(identity) ?? callerOf(undefined, identity),
      watchRights: (identity, cut) => policy?.watch(identity, cut) ?? (() => undefined),
      onCallEnd(end) {
        audit?.add(auditEntry(end));
        metrics?.meter.called(end);
        logCall(log, end);
      },
    },
  });
}

/** With what finds its traces elsewhere: the request, the trace, the revision. */
function logCall(
  log: Logger,
  { path, peer, origin, milliseconds, revision, error }: CallEnd,
): void {
  const { who, requestId, trace } = origin;
  const fields = {
    ...{ path, peer, who, ms: Math.round(milliseconds), traceId: trace.traceId },
    ...(requestId === '' ? {} : { requestId }),
    ...(revision === 0 ? {} : { revision }),
  };
  if (error === undefined) log.debug(fields, 'call');
  else {
    const text = clip(error.message, MAX_LOGGED);
    log.info({ ...fields, code: error.code, error: text }, 'call failed');
  }
}

function auditEntry({ path, peer, origin, target, milliseconds, error }: CallEnd): AuditEntry {
  return {
    time: timestamp(systemClock.now()),
    who: origin.who,
    peer,
    method: path.slice(path.lastIndexOf('/') + 1),
    target,
    outcome: error?.code ?? 'OK',
    ms: Math.round(milliseconds),
    traceId: origin.trace.traceId,
  };
}
