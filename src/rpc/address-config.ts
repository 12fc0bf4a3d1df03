/** Addresses in configuration files, of listeners and of peers. */
import { z } from 'zod';
import { absolutePath } from '../model/config.js';
import { ADDRESS_RULE, isLocal, parseAddress } from './address.js';

export const address = z.string().transform((text, context) => {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: 'custom',
    message: `not an address; give ${ADDRESS_RULE}`,
    input: text,
  });
  return z.NEVER;
});

/** PEM files for mutual TLS. */
const tls = z.strictObject({
  ca: absolutePath,
  cert: absolutePath,
  key: absolutePath,
  /** The CAs' revocation lists. */
  crl: absolutePath.or(z.literal('')).default(''),
});

/** Where a daemon listens. What other hosts can reach needs TLS. */
export const listenEntry = z
  .strictObject({ address, tls: tls.exactOptional() })
  .refine((entry) => entry.tls !== undefined || isLocal(entry.address), {
    error: 'other hosts can reach it; listen on loopback or a unix socket, or add tls',
    path: ['address'],
  });

/** Whom a daemon connects to. Whoever is on the way there must not be able to play it. */
export const peerEntry = z
  .strictObject({ address, tls: tls.exactOptional() })
  .refine((entry) => entry.tls !== undefined || isLocal(entry.address), {
    error: 'it is on another host; add tls',
    path: ['address'],
  })
  .refine((entry) => entry.address.kind === 'unix' || entry.address.port > 0, {
    error: 'no port; give 1-65535',
    path: ['address'],
  });

/**
 * Where the others of an NVA's replicas reach this one, and what it shows them when it asks them. They are on
 * other hosts, unless it says that they are not.
 */
export const advertiseEntry = z
  .strictObject({ advertise: address, tls: tls.exactOptional() })
  .refine((entry) => entry.tls !== undefined || isLocal(entry.advertise), {
    error: 'other hosts reach it; add tls',
    path: ['advertise'],
  })
  .refine((entry) => entry.advertise.kind === 'unix' || entry.advertise.port > 0, {
    error: 'no port; give that of one of `listen`',
    path: ['advertise'],
  });

/** Where traces go. What is on the way to another host is for nobody else to read. */
export const otlpUrl = z
  .url({ protocol: /^https?$/, error: 'not an address of HTTP; give http://HOST:PORT/v1/traces' })
  .refine((text) => !text.startsWith('http:') || isLocalHost(new URL(text).hostname), {
    error: 'it is on another host; give https://',
  });

function isLocalHost(name: string): boolean {
  return isLocal({ kind: 'tcp', host: name.replace(/^\[|\]$/g, ''), port: 0 });
}

/** Where a daemon's metrics are to be had. */
export const metricsListen = z.array(listenEntry).min(1).max(4);
