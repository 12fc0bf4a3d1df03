/** Where a call comes from, out of what is on the wire. */
import type { Metadata } from '@grpc/grpc-js';
import { parseTraceparent, type TraceContext } from '../model/origin.js';

/** W3C Trace Context's header, as gRPC metadata. */
export const TRACEPARENT = 'traceparent';

/** The caller's span; undefined: it has none. */
export function traceOf(metadata: Metadata): TraceContext | undefined {
  const [value] = metadata.get(TRACEPARENT);
  return typeof value === 'string' ? parseTraceparent(value) : undefined;
}

/** For whom a replica of the NVA asks another one, percent-encoded: names may have any character. */
export const ON_BEHALF_OF = 'nfvd-on-behalf-of';
const MAX_BEHALF = 256;

/** Empty: nobody is named. What it says is worth as much as who says it. */
export function onBehalfOf(metadata: Metadata): string {
  const [value] = metadata.get(ON_BEHALF_OF);
  if (typeof value !== 'string') return '';
  try {
    return decodeURIComponent(value).slice(0, MAX_BEHALF);
  } catch {
    // No percent-encoding: it is as good as none.
    return '';
  }
}

const MAX_REQUEST_ID = 64;

/** Of a request that has one; of a text that is none, so much as a UUID may have. */
export function requestIdOf(request: unknown): string {
  if (typeof request !== 'object' || request === null || !('request_id' in request)) return '';
  const { request_id: id } = request;
  return typeof id === 'string' ? id.slice(0, MAX_REQUEST_ID) : '';
}

/** The revision that an answer is of; 0: it has none. */
export function revisionOf(response: unknown): number {
  if (typeof response !== 'object' || response === null || !('revision' in response)) return 0;
  return typeof response.revision === 'number' ? response.revision : 0;
}
