/**
 * How the store's data lie in LMDB: one tree, its tables told apart by the key's first byte.
 *
 *   table    key                                    payload
 *   state    01                                     format u32, epoch u64, revision u64,
 *                                                   compactRevision u64, purgedRevision u64,
 *                                                   storeId (ASCII)
 *   current  02 key                                 create u64, mod u64, value
 *   history  03 (each byte of key + 1) 00 until     create u64, mod u64, value
 *   log      04 revision                            for each operation: kind u8, length u16, key
 *
 * `current` is the latest value of each key. When a transaction at revision `until` changes or
 * deletes a key, its former value moves to `history`: it was the key's value at the revisions from
 * `mod` to `until - 1`. So the value at revision R is the current one if its mod <= R; else the
 * first of the key's history with until > R, if its mod <= R; else there was none. Nothing needs
 * a tombstone. `log` has one record for each revision after purgedRevision, and no history ends
 * at or before that: compaction first raises compactRevision, then purges up to it, in steps.
 *
 * Keys and values are UTF-8, whose bytes are at most F4: FF ends a prefix, and each byte plus one
 * leaves 00 as the end mark that keeps the history in the order of the keys. Numbers are
 * big-endian (u64: at most 2^53 - 1), so that LMDB's memcmp order is theirs.
 *
 * Every record is `crc u32, payload`. The CRC-32 is of LMDB's key and the payload: a good record
 * is not only whole but also where it belongs.
 */
import { NfvError } from '../../errors.js';
import { crc32 } from './crc32.js';

/** Raised when an older nfvd could not read what this one writes. */
export const FORMAT = 1;

export const TABLE = { state: 0x01, current: 0x02, history: 0x03, log: 0x04 } as const;

export interface StateRecord {
  readonly storeId: string;
  readonly epoch: number;
  readonly revision: number;
  /** Reads and watches before this are refused. */
  readonly compactRevision: number;
  /** Log and history up to this are removed; at most compactRevision. */
  readonly purgedRevision: number;
}

/** A value that a key has or had. */
export interface Version {
  readonly createRevision: number;
  readonly modRevision: number;
  /** UTF-8. */
  readonly value: Buffer;
}

export interface LogOp {
  readonly kind: 'put' | 'delete';
  /** UTF-8. */
  readonly key: Buffer;
  /** The key existed before: its value then is in the history. */
  readonly replaced: boolean;
}

const CRC_BYTES = 4;
const STATE_BYTES = 36;
const VERSION_BYTES = 16;
const DELETE_BIT = 0x01;
const REPLACED_BIT = 0x02;

// Keys

export const STATE_KEY = Buffer.from([TABLE.state]);
export const LOG_END = Buffer.from([TABLE.log + 1]);

export const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

export function currentKey(key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + key.length);
  bytes[0] = TABLE.current;
  bytes.set(key, 1);
  return bytes;
}

/** The start of all of a key's history; also where the history of a prefix starts. */
export function historyPrefix(key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + key.length);
  bytes[0] = TABLE.history;
  for (let i = 0; i < key.length; i++) bytes[i + 1] = key.readUInt8(i) + 1;
  return bytes;
}

export function historyKey(key: Buffer, until: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + key.length + 9);
  bytes.set(historyPrefix(key));
  bytes[key.length + 1] = 0;
  writeU64(bytes, key.length + 2, until);
  return bytes;
}

export function logKey(revision: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = TABLE.log;
  writeU64(bytes, 1, revision);
  return bytes;
}

/** Behind every key that starts with `prefix`. */
export const afterPrefix = (prefix: Buffer): Buffer => Buffer.concat([prefix, Buffer.from([0xff])]);

/** Right behind this one key. */
export const afterKey = (key: Buffer): Buffer => Buffer.concat([key, Buffer.from([0x00])]);

/** Right behind all of this key's history. */
export const afterHistory = (key: Buffer): Buffer =>
  Buffer.concat([historyPrefix(key), Buffer.from([0x01])]);

export interface HistoryPlace {
  readonly key: Buffer;
  readonly until: number;
}

/** Undoes `historyKey`; undefined: it is none. */
export function parseHistoryKey(bytes: Buffer): HistoryPlace | undefined {
  const end = bytes.length - 9;
  if (end < 2 || bytes[end] !== 0) return undefined;
  const until = readU64(bytes, end + 1);
  if (until === undefined) return undefined;
  const key = Buffer.allocUnsafe(end - 1);
  for (let i = 1; i < end; i++) {
    const byte = bytes.readUInt8(i);
    if (byte === 0) return undefined;
    key[i - 1] = byte - 1;
  }
  return { key, until };
}

/** Undoes `logKey`; undefined: it is none. */
export const parseLogKey = (bytes: Buffer): number | undefined =>
  bytes.length === 9 ? readU64(bytes, 1) : undefined;

// Records

/** Starts a record of `payloadBytes`; `seal` completes it. */
function newRecord(payloadBytes: number): Buffer {
  return Buffer.allocUnsafe(CRC_BYTES + payloadBytes);
}

function seal(key: Buffer, record: Buffer): Buffer {
  record.writeUInt32BE(crc32(record.subarray(CRC_BYTES), crc32(key)), 0);
  return record;
}

/** The payload of a record whose checksum is right; undefined: it is not. */
export function unseal(key: Buffer, record: Buffer): Buffer | undefined {
  if (record.length < CRC_BYTES) return undefined;
  const payload = record.subarray(CRC_BYTES);
  return crc32(payload, crc32(key)) === record.readUInt32BE(0) ? payload : undefined;
}

export function encodeState(state: StateRecord): Buffer {
  const record = newRecord(STATE_BYTES + state.storeId.length);
  record.writeUInt32BE(FORMAT, 4);
  writeU64(record, 8, state.epoch);
  writeU64(record, 16, state.revision);
  writeU64(record, 24, state.compactRevision);
  writeU64(record, 32, state.purgedRevision);
  record.write(state.storeId, 40, 'latin1');
  return seal(STATE_KEY, record);
}

/**
 * @returns undefined: malformed.
 * @throws NfvError STORE_DAMAGED: of another format.
 */
export function decodeState(payload: Buffer): StateRecord | undefined {
  if (payload.length <= STATE_BYTES) return undefined;
  const format = payload.readUInt32BE(0);
  if (format !== FORMAT) {
    throw new NfvError('STORE_DAMAGED', `the store has format ${format}, this is ${FORMAT}`, {
      remedy: 'use the version of nfvd that wrote it',
    });
  }
  const [epoch, revision, compactRevision, purgedRevision] = [4, 12, 20, 28].map((at) =>
    readU64(payload, at),
  );
  if (epoch === undefined || revision === undefined) return undefined;
  if (compactRevision === undefined || compactRevision > revision) return undefined;
  if (purgedRevision === undefined || purgedRevision > compactRevision) return undefined;
  const storeId = payload.toString('latin1', STATE_BYTES);
  return { storeId, epoch, revision, compactRevision, purgedRevision };
}

/** A record of `current` or `history`, by its LMDB key. */
export function encodeVersion(key: Buffer, version: Version): Buffer {
  const record = newRecord(VERSION_BYTES + version.value.length);
  writeU64(record, 4, version.createRevision);
  writeU64(record, 12, version.modRevision);
  record.set(version.value, 20);
  return seal(key, record);
}

/** @returns undefined: malformed. */
export function decodeVersion(payload: Buffer): Version | undefined {
  if (payload.length < VERSION_BYTES) return undefined;
  const createRevision = readU64(payload, 0);
  const modRevision = readU64(payload, 8);
  if (createRevision === undefined || modRevision === undefined) return undefined;
  if (createRevision === 0 || createRevision > modRevision) return undefined;
  return { createRevision, modRevision, value: payload.subarray(VERSION_BYTES) };
}

export function encodeLog(revision: number, ops: readonly LogOp[]): Buffer {
  const bytes = ops.reduce((sum, op) => sum + 3 + op.key.length, 0);
  const record = newRecord(bytes);
  let at = CRC_BYTES;
  for (const op of ops) {
    const kind = (op.kind === 'delete' ? DELETE_BIT : 0) | (op.replaced ? REPLACED_BIT : 0);
    record.writeUInt8(kind, at);
    record.writeUInt16BE(op.key.length, at + 1);
    record.set(op.key, at + 3);
    at += 3 + op.key.length;
  }
  return seal(logKey(revision), record);
}

/** @returns undefined: malformed. */
export function decodeLog(payload: Buffer): LogOp[] | undefined {
  const ops: LogOp[] = [];
  for (let at = 0; at < payload.length;) {
    if (at + 3 > payload.length) return undefined;
    const kind = payload.readUInt8(at);
    const end = at + 3 + payload.readUInt16BE(at + 1);
    if (end > payload.length || kind > (DELETE_BIT | REPLACED_BIT)) return undefined;
    ops.push({
      kind: kind & DELETE_BIT ? 'delete' : 'put',
      key: payload.subarray(at + 3, end),
      replaced: (kind & REPLACED_BIT) !== 0,
    });
    at = end;
  }
  return ops.length > 0 ? ops : undefined;
}

// Numbers

const TWO_32 = 0x1_0000_0000;

export function writeU64(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / TWO_32), at);
  bytes.writeUInt32BE(value % TWO_32, at + 4);
}

/** Undefined: beyond 2^53 - 1. */
export function readU64(bytes: Buffer, at: number): number | undefined {
  const value = bytes.readUInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
  return Number.isSafeInteger(value) ? value : undefined;
}
