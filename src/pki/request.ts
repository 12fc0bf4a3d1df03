/** What is asked of a certificate authority, checked. */
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { invalidField } from '../errors.js';
import { identityText, parseIdentity, TRUST_DOMAIN } from '../model/identity.js';
import type { AltNames, Purpose } from '../x509/certificate.js';

export interface IssueRequest {
  /** `nva`, `nve/ID` or `user/NAME`. */
  readonly identity: string;
  /** Of its files; empty: made of the identity. */
  readonly name: string;
  /** Under which it is connected to. */
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  readonly days: number;
}

/** Of a certificate that is to be made. */
export interface Wanted {
  readonly identity: string;
  readonly name: string;
  readonly names: AltNames;
  readonly purposes: readonly Purpose[];
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/;
const DNS_LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
const MAX_NAMES = 100;

/** @throws NfvError INVALID_FIELD */
export function checkTrustDomain(text: string): void {
  if (TRUST_DOMAIN.test(text)) return;
  throw invalidField(
    '--trust-domain',
    text,
    'not a trust domain',
    'give lower-case letters, digits, ".", "-" and "_", such as "nfv.example"',
  );
}

/** @throws NfvError INVALID_FIELD */
export function wantedOf(request: IssueRequest, trustDomain: string): Wanted {
  const uri = `spiffe://${trustDomain}/${request.identity}`;
  const identity = parseIdentity(uri);
  if (identity === undefined) {
    throw invalidField(
      'IDENTITY',
      request.identity,
      'not an identity',
      'give "nva", "nve/ID" or "user/NAME"',
    );
  }
  const { dns, ips } = request;
  if (identity.kind === 'user' && dns.length + ips.length > 0) {
    throw invalidField(
      'IDENTITY',
      request.identity,
      'nobody connects to a user',
      'leave out --dns and --ip',
    );
  }
  if (identity.kind === 'nva' && dns.length + ips.length === 0) {
    throw invalidField(
      'IDENTITY',
      request.identity,
      'an NVA is connected to by name or address, and this certificate would have none',
      'give --dns or --ip, as agents and nfvctl have it',
    );
  }
  const text = identityText(identity);
  return {
    identity: text,
    name: checkName(request.name === '' ? text.replace('/', '-') : request.name),
    names: { uris: [uri], dns: dns.map(checkDns), ips: ips.map(checkIp) },
    purposes: identity.kind === 'user' ? ['clientAuth'] : ['serverAuth', 'clientAuth'],
  };
}

/** A name of files. @throws NfvError INVALID_FIELD */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw invalidField(
    '--as',
    name,
    'no name for files',
    'give 1-100 characters of A-Z, a-z, 0-9, ".", "_", "@" and "-", a letter or digit first',
  );
}

function checkDns(name: string, _index: number, all: readonly string[]): string {
  const labels = name.replace(/^\*\./, '').split('.');
  if (
    name.length <= 253 &&
    labels.every((label) => DNS_LABEL.test(label)) &&
    all.length <= MAX_NAMES
  ) {
    return name.toLowerCase();
  }
  const what = all.length > MAX_NAMES ? `more than ${MAX_NAMES} names` : 'not a DNS name';
  throw invalidField('--dns', name, what, 'give names such as "nva.example"');
}

function checkIp(text: string, _index: number, all: readonly string[]): Uint8Array {
  if ((isIPv4(text) || isIPv6(text)) && !text.includes('%') && all.length <= MAX_NAMES) {
    return Uint8Array.from(ipaddr.parse(text).toByteArray());
  }
  const what = all.length > MAX_NAMES ? `more than ${MAX_NAMES} addresses` : 'not an IP address';
  throw invalidField('--ip', text, what, 'give an IPv4 or IPv6 address');
}

/** @throws NfvError INVALID_FIELD */
export function checkDays(days: number, max: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= max) return;
  throw invalidField('--days', days, 'not a time that will do', `give 1 to ${max} days`);
}
