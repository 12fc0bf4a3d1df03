/**
 * The codec against an encoder and a decoder written by hand for one message, ip_route_add_del_v2 with
 * one path: the same fields in, the same bytes out, the same value back. By hand means offsets as
 * constants, two enums as tables, and no check but those that parsing an address needs; what the
 * codec's checks cost is in the ratio. Both take turns, and the median of the rounds counts. Seconds are
 * those of the CPU: neither waits for anything.
 */
import { parseIp4 } from '../src/vpp-api/codec/ip4-text.js';
import { createCodec } from '../src/vpp-api/codec/codec.js';
import type { MessageFields } from '../src/vpp-api/product-types.js';
import { readCatalogue } from '../src/vpp-api/schema/catalogue.js';
import type { Bench, Figure } from './bench.js';

const ROUNDS = 7;
const COUNT = 200_000;
/** So many different routes, so that no value is the same all the time. */
const ROUTES = 4096;

export const bench: Bench = { name: 'vpp-codec', run };

type RouteAddDel = MessageFields<'ip_route_add_del_v2'>;
type Path = RouteAddDel['route']['paths'][number];

async function run(emit: (f: Figure) => void): Promise<void> {
  const codec = createCodec(readCatalogue().schemaFor(new Map()));
  const message = codec.message('ip_route_add_del_v2');
  const routes = Array.from({ length: ROUTES }, (_, i) => ({ ...route(i) }));
  const frames = routes.map((fields) => Buffer.from(message.encode(100, 1, 2, fields)));
  assertSame(routes, frames);
  const target = Buffer.alloc(1024);
  const at = <T>(list: readonly T[], i: number, fallback: T): T => list[i % ROUTES] ?? fallback;
  const [first, frame] = [routes[0], frames[0]];
  if (first === undefined || frame === undefined) throw new Error('no routes');

  const byHand = (i: number): void => {
    writeRoute(target, 0, 100, 1, i, at(routes, i, first));
  };
  const figure = figures(emit);
  figure(
    'encode ip_route_add_del_v2: check, and write into a buffer',
    ...turns((i) => {
      return message.put(target, 0, 100, 1, i, at(routes, i, first));
    }, byHand),
  );
  figure(
    'encode ip_route_add_del_v2 into a new Buffer',
    ...turns(
      (i) => message.encode(100, 1, i, at(routes, i, first)),
      (i) => {
        const buffer = Buffer.allocUnsafe(SIZE);
        writeRoute(buffer, 0, 100, 1, i, at(routes, i, first));
        return buffer;
      },
    ),
  );
  figure(
    'decode ip_route_add_del_v2',
    ...turns(
      (i) => message.decode(at(frames, i, frame)),
      (i) => readRoute(at(frames, i, frame)),
    ),
  );
  await Promise.resolve();
}

const figures =
  (emit: (f: Figure) => void) =>
  (name: string, value: number, baseline: number): void => {
    const round = (n: number): number => Number(n.toPrecision(4));
    emit({
      bench: bench.name,
      case: name,
      value: round(value),
      unit: 'message/s',
      baseline: round(baseline),
      ratio: round(value / baseline),
    });
  };

/** Medians of both. */
function turns(ours: (i: number) => unknown, theirs: (i: number) => unknown): [number, number] {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    rates[0].push(rate(ours));
    rates[1].push(rate(theirs));
  }
  return [median(rates[0]), median(rates[1])];
}

function rate(one: (i: number) => unknown): number {
  const start = process.cpuUsage();
  for (let i = 0; i < COUNT; i++) one(i);
  const { user, system } = process.cpuUsage(start);
  return (COUNT * 1_000_000) / (user + system);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** One for all, as whoever adds IP routes has it. */
const NO_LABELS = Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 }));

function route(i: number): RouteAddDel {
  const path: Path = {
    sw_if_index: 1,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type: 'FIB_API_PATH_TYPE_NORMAL',
    flags: [],
    proto: 'FIB_API_PATH_NH_PROTO_IP4',
    nh: { address: `10.1.${i & 255}.1`, via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: NO_LABELS,
  };
  const prefix = `10.${i >> 8}.${i & 255}.0/24`;
  return {
    is_add: true,
    is_multipath: false,
    route: { table_id: 7, stats_index: 0, prefix, n_paths: 1, src: 0, paths: [path] },
  };
}

/** What is compared is the same thing. */
function assertSame(routes: readonly RouteAddDel[], frames: readonly Buffer[]): void {
  routes.forEach((fields, i) => {
    const bytes = Buffer.alloc(SIZE);
    writeRoute(bytes, 0, 100, 1, 2, fields);
    const frame = frames[i];
    if (frame === undefined || !bytes.equals(frame)) throw new Error(`route ${i} differs`);
    if (JSON.stringify(readRoute(frame)) !== JSON.stringify(fields)) {
      throw new Error(`route ${i} is read as another`);
    }
  });
}

/** Header, route, one path with its 16 labels. */
const SIZE = 10 + 30 + 167;

const TYPES: readonly Path['type'][] = ['FIB_API_PATH_TYPE_NORMAL', 'FIB_API_PATH_TYPE_LOCAL'];
const PROTOS: readonly Path['proto'][] = ['FIB_API_PATH_NH_PROTO_IP4', 'FIB_API_PATH_NH_PROTO_IP6'];

function writeRoute(
  b: Buffer,
  o: number,
  id: number,
  client: number,
  context: number,
  { is_add: isAdd, is_multipath: isMultipath, route: { table_id: table, ...rest } }: RouteAddDel,
): void {
  b.writeUInt16BE(id, o);
  b.writeUInt32BE(client, o + 2);
  b.writeUInt32BE(context, o + 6);
  b[o + 10] = isAdd === false ? 0 : 1;
  b[o + 11] = isMultipath ? 1 : 0;
  b.writeUInt32BE(table, o + 12);
  b.writeUInt32BE(rest.stats_index, o + 16);
  const { prefix } = rest;
  const slash = prefix.indexOf('/');
  b[o + 20] = 0;
  parseIp4(prefix, 0, slash, b, o + 21);
  b.fill(0, o + 25, o + 37);
  b[o + 37] = Number(prefix.slice(slash + 1));
  b[o + 38] = rest.paths.length;
  b[o + 39] = rest.src;
  let at = o + 40;
  for (const path of rest.paths) at = writePath(b, at, path);
}

function writePath(b: Buffer, o: number, path: Path): number {
  b.writeUInt32BE(path.sw_if_index, o);
  b.writeUInt32BE(path.table_id, o + 4);
  b.writeUInt32BE(path.rpf_id, o + 8);
  b[o + 12] = path.weight;
  b[o + 13] = path.preference;
  b.writeUInt32BE(TYPES.indexOf(path.type), o + 14);
  b.writeUInt32BE(path.flags.length, o + 18);
  b.writeUInt32BE(PROTOS.indexOf(path.proto), o + 22);
  parseIp4(path.nh.address, 0, path.nh.address.length, b, o + 26);
  b.fill(0, o + 30, o + 42);
  b.writeUInt32BE(path.nh.via_label, o + 42);
  b.writeUInt32BE(path.nh.obj_id, o + 46);
  b.writeUInt32BE(path.nh.classify_table_index, o + 50);
  b[o + 54] = path.n_labels;
  let at = o + 55;
  for (const label of path.label_stack) {
    b[at] = label.is_uniform;
    b.writeUInt32BE(label.label, at + 1);
    b[at + 5] = label.ttl;
    b[at + 6] = label.exp;
    at += 7;
  }
  return at;
}

const ip4 = (b: Buffer, o: number): string =>
  `${b.readUInt8(o)}.${b.readUInt8(o + 1)}.${b.readUInt8(o + 2)}.${b.readUInt8(o + 3)}`;

function readRoute(b: Buffer): RouteAddDel {
  const count = b.readUInt8(38);
  const paths: Path[] = [];
  for (let i = 0; i < count; i++) paths.push(readPath(b, 40 + 167 * i));
  return {
    is_add: b[10] !== 0,
    is_multipath: b[11] !== 0,
    route: {
      table_id: b.readUInt32BE(12),
      stats_index: b.readUInt32BE(16),
      prefix: `${ip4(b, 21)}/${b.readUInt8(37)}`,
      n_paths: count,
      src: b.readUInt8(39),
      paths,
    },
  };
}

function readPath(b: Buffer, o: number): Path {
  const labels: Path['label_stack'][number][] = [];
  for (let i = 0, at = o + 55; i < 16; i++, at += 7) {
    labels.push({
      is_uniform: b.readUInt8(at),
      label: b.readUInt32BE(at + 1),
      ttl: b.readUInt8(at + 5),
      exp: b.readUInt8(at + 6),
    });
  }
  return {
    sw_if_index: b.readUInt32BE(o),
    table_id: b.readUInt32BE(o + 4),
    rpf_id: b.readUInt32BE(o + 8),
    weight: b.readUInt8(o + 12),
    preference: b.readUInt8(o + 13),
    type: TYPES[b.readUInt32BE(o + 14)] ?? 'FIB_API_PATH_TYPE_NORMAL',
    flags: [],
    proto: PROTOS[b.readUInt32BE(o + 22)] ?? 'FIB_API_PATH_NH_PROTO_IP4',
    nh: {
      address: ip4(b, o + 26),
      via_label: b.readUInt32BE(o + 42),
      obj_id: b.readUInt32BE(o + 46),
      classify_table_index: b.readUInt32BE(o + 50),
    },
    n_labels: b.readUInt8(o + 54),
    label_stack: labels,
  };
}
