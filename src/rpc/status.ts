/**
 * NfvError <-> gRPC status. The details travel as google.rpc.Status in the trailer
 * grpc-status-details-bin, with ErrorInfo always, BadRequest where fields are to blame
 * (AIP-193), RetryInfo and QuotaFailure where a limit is.
 */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { clip, isErrorCode, NfvError, type ErrorCode, type FieldViolation } from '../errors.js';
import { connectFailure, isOfTls, TLS_REMEDY } from './connect-failure.js';
import type { Protos } from './load.js';

const DETAILS = 'grpc-status-details-bin';
const TYPE_URL = 'type.googleapis.com/';
const DOMAIN = 'nfvd';
/** HTTP/2 peers refuse header blocks of 8-16 KiB; base64 takes a third more. */
const MAX_DETAILS_BYTES = 4096;
const MAX_MESSAGE = 1000;

export class StatusCodec {
  readonly #protos: Protos['google']['rpc'];

  constructor(protos: Protos) {
    this.#protos = protos.google.rpc;
  }

  /** What grpc-js sends for an error that a handler ended with. */
  toServiceError(thrown: unknown): Partial<ServiceError> {
    const error = NfvError.from(thrown);
    const metadata = new Metadata();
    metadata.set(DETAILS, this.#encode(error, error.violations));
    return { code: status[error.status], details: messageOf(error), metadata };
  }

  #encode(error: NfvError, violations: readonly FieldViolation[]): Buffer {
    const info = this.#protos.ErrorInfo.serialize({
      reason: error.code,
      domain: DOMAIN,
      metadata: { ...error.metadata, remedy: error.remedy },
    });
    const details = [{ type_url: `${TYPE_URL}google.rpc.ErrorInfo`, value: info }];
    details.push(...this.#limits(error));
    if (violations.length > 0) {
      const value = this.#protos.BadRequest.serialize({
        field_violations: violations.map((v) => ({
          field: v.field,
          description: wellFormed(describe(v)),
        })),
      });
      details.push({ type_url: `${TYPE_URL}google.rpc.BadRequest`, value });
    }
    const encoded = this.#protos.Status.serialize({
      code: status[error.status],
      message: messageOf(error),
      details,
    });
    if (encoded.length <= MAX_DETAILS_BYTES || violations.length === 0) return encoded;
    return this.#encode(error, violations.slice(0, violations.length >> 1));
  }

  /** RetryInfo and QuotaFailure of a limit that was reached. */
  #limits({ metadata, message }: NfvError): { type_url: string; value: Buffer }[] {
    const { retryDelayMs, quotaSubject } = metadata;
    const details: { type_url: string; value: Buffer }[] = [];
    if (retryDelayMs !== undefined) {
      const ms = Number(retryDelayMs);
      const retry_delay = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
      const value = this.#protos.RetryInfo.serialize({ retry_delay });
      details.push({ type_url: `${TYPE_URL}google.rpc.RetryInfo`, value });
    }
    if (quotaSubject !== undefined) {
      const description = wellFormed(clip(message, 200));
      const violations = [{ subject: wellFormed(quotaSubject), description }];
      const value = this.#protos.QuotaFailure.serialize({ violations });
      details.push({ type_url: `${TYPE_URL}google.rpc.QuotaFailure`, value });
    }
    return details;
  }

  /** What a failed call means to its caller. `target` is the peer's address, for people. */
  fromServiceError(error: ServiceError, target: string): NfvError {
    const details = error.metadata.get(DETAILS)[0];
    const decoded = Buffer.isBuffer(details) ? this.#decode(error, details) : undefined;
    return decoded ?? withoutDetails(error, target);
  }

  #decode(error: ServiceError, bytes: Buffer): NfvError | undefined {
    let code: ErrorCode | undefined;
    let metadata: Record<string, string> = {};
    const violations: FieldViolation[] = [];
    try {
      for (const { type_url, value } of this.#protos.Status.deserialize(bytes).details) {
        if (type_url === `${TYPE_URL}google.rpc.ErrorInfo`) {
          const info = this.#protos.ErrorInfo.deserialize(Buffer.from(value));
          if (info.domain === DOMAIN && isErrorCode(info.reason)) code = info.reason;
          metadata = info.metadata;
        } else if (type_url === `${TYPE_URL}google.rpc.BadRequest`) {
          const { field_violations } = this.#protos.BadRequest.deserialize(Buffer.from(value));
          for (const { field, description } of field_violations) {
            violations.push({ field, ...parseDescription(description) });
          }
        }
      }
    } catch {
      // Details of a peer that is none of ours; the status alone has to do.
      return undefined;
    }
    if (code === undefined) return undefined;
    const { remedy, ...rest } = metadata;
    return new NfvError(code, error.details, {
      cause: error,
      violations,
      metadata: rest,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}

/** Errors that gRPC itself raises. */
const BY_STATUS = new Map<number, ErrorCode>([
  [status.UNAVAILABLE, 'NVA_UNREACHABLE'],
  [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [status.CANCELLED, 'CANCELLED'],
  [status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE'],
  [status.UNIMPLEMENTED, 'PROTOCOL_VERSION'],
]);

function withoutDetails(error: ServiceError, target: string): NfvError {
  const code = BY_STATUS.get(error.code) ?? 'INTERNAL';
  const about = aboutOf(code, error.details, target);
  const isTls = code === 'NVA_UNREACHABLE' && isOfTls(connectFailure(error.details));
  return new NfvError(code, about, { cause: error, ...(isTls && { remedy: TLS_REMEDY }) });
}

function aboutOf(code: ErrorCode, details: string, target: string): string {
  if (code === 'NVA_UNREACHABLE') return `${target}: ${connectFailure(details)}`;
  // grpc-js goes on with what took how long inside of it.
  return details.startsWith('Deadline exceeded') ? `${target}: no answer in time` : details;
}

function messageOf(error: NfvError): string {
  return wellFormed(clip(error.message, MAX_MESSAGE));
}

/** grpc-js ends the process where a message cannot be percent-encoded. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** `"VALUE": REASON; REMEDY`, the value as a JSON string: for people, and to be parsed. */
function describe({ value, reason, remedy }: FieldViolation): string {
  return `${JSON.stringify(value)}: ${reason.replaceAll('; ', ', ')}; ${remedy}`;
}

const DESCRIPTION = /^("(?:[^"\\]|\\.)*"): (.*?); (.*)$/s;

function parseDescription(text: string): Omit<FieldViolation, 'field'> {
  const [, quoted = '', reason = '', remedy = ''] = DESCRIPTION.exec(text) ?? [];
  try {
    const value: unknown = JSON.parse(quoted);
    if (typeof value === 'string') return { value, reason, remedy };
  } catch {
    // Not one of ours: told as it is.
  }
  return { value: '', reason: text, remedy: '' };
}
