/** What every resource has beside its own fields: revision, etag, times. */
import type { Meta } from '../../model/resource.js';
import type { Timestamp, Timestamp__Output } from '../gen/google/protobuf/Timestamp.js';
import { fromInteger, fromTimestamp, toTimestamp } from './common.js';

interface WireMeta {
  readonly etag: string;
  readonly revision: number;
  readonly create_time: Timestamp | null;
  readonly update_time: Timestamp | null;
}

interface WireMetaOut {
  readonly etag: string;
  readonly revision: number;
  readonly create_time: Timestamp__Output | null;
  readonly update_time: Timestamp__Output | null;
}

export function metaFromWire(wire: WireMetaOut): Meta {
  return {
    etag: wire.etag,
    revision: fromInteger('revision', wire.revision),
    createTime: fromTimestamp(wire.create_time),
    updateTime: fromTimestamp(wire.update_time),
  };
}

export function metaToWire(meta: Meta): WireMeta {
  return {
    etag: meta.etag,
    revision: meta.revision,
    create_time: toTimestamp(meta.createTime),
    update_time: toTimestamp(meta.updateTime),
  };
}
