/**
 * A port for another program: memif (plugins/memif). Of the sizes of its rings and buffers VPP tells what was
 * agreed with the other end, of the secret nothing: the tag attests what it was made with.
 */
import { createHash } from 'node:crypto';
import { NfvError } from '../../../errors.js';
import { portKey } from '../../../model/item.js';
import type { MemifPort } from '../../../model/vpp-ports.js';
import { attach, place } from '../members.js';
import type { PortKind } from './port-kind.js';
import { printOf } from './secret-print.js';
import { parseTag, tagOf } from '../tag.js';
import { undoing } from '../undoing.js';
import type { View } from '../view.js';

export const memifPort: PortKind<MemifPort> = {
  claims: ({ socket, id }) => [`memif ${id} of ${socket}`],

  reads({ secretName }, wants) {
    wants.secrets.add(secretName);
  },

  socketOf: ({ socket, role }) => ({ path: socket, listens: role === 'MASTER' }),

  lack({ secretName }, view) {
    const print = view.secretPrints.get(secretName);
    return print instanceof NfvError ? print : undefined;
  },

  observe({ index, tag }, wanted, view) {
    const found = view.memifs.get(index);
    if (found === undefined) return undefined;
    const made = parseMade(parseTag(tag)?.attested ?? '');
    const secretName = secretOf(wanted?.secretName ?? '', made, view);
    if (secretName instanceof NfvError) return secretName;
    return {
      spec: {
        kind: 'memif',
        socket: found.socket,
        role: found.role === 'MEMIF_ROLE_API_MASTER' ? 'MASTER' : 'SLAVE',
        id: found.id,
        ringSize: made?.ringSize ?? 0,
        bufferSize: made?.bufferSize ?? 0,
        secretName,
      },
      defects: found.mode === 'MEMIF_MODE_API_ETHERNET' ? [] : ['is not in Ethernet mode'],
    };
  },

  async create(item, spec, context) {
    const { host, memifSockets, vpp } = context;
    const secret = spec.secretName === '' ? '' : await host.secrets.read(spec.secretName);
    const tag = tagOf(portKey(item.endpoint));
    const attested = madeText(spec, printOf(secret));
    const index = await memifSockets.create({ spec, secret, tag, attested }, context);
    const { vni, adminUp: up } = item;
    const work = place(index, { tag, attested, vni, group: 0, up }, context);
    await undoing(work, () => memifSockets.remove(index, spec.socket, vpp.lasting), context);
  },

  async update(index, { vni, adminUp: up }, _ports, context) {
    await attach(index, { vni, group: 0, up }, context);
  },

  async remove(index, { socket }, { memifSockets, vpp }) {
    await memifSockets.remove(index, socket, vpp);
  },
};

/** Stands for the name of a secret that is another one now. */
const CHANGED = 'another secret';

/**
 * The name of the secret that it has. Of one that cannot be read now it is kept: the port goes on with what it has.
 * That it has another's then is not hidden.
 */
function secretOf(wanted: string, made: Made | undefined, view: View): string | NfvError {
  const print = view.secretPrints.get(wanted);
  if (print === undefined) return wanted;
  if (print instanceof NfvError) return isOfAnother(wanted, made) ? print : wanted;
  // Of another name with the same content, too: else the tag would go on to attest a name that it does not have.
  return print === made?.print && !isOfAnother(wanted, made) ? wanted : CHANGED;
}

interface Made {
  readonly ringSize: number;
  readonly bufferSize: number;
  readonly print: string;
  /** Of the secret's name; undefined: versions before this did not attest it. */
  readonly name: string | undefined;
}

const NAME_DIGITS = 4;
const MADE = /^([0-9a-f]{2})([0-9a-f]{4})([0-9a-f]{6})([0-9a-f]{4})$/;
const MADE_BEFORE = /^m([0-9a-f])([0-9a-f]{4})([0-9a-f]{6})$/;

function nameMark(secretName: string): string {
  return createHash('sha256').update(secretName).digest('hex').slice(0, NAME_DIGITS);
}

/** What was asked for when it was made had certainly another name. */
function isOfAnother(secretName: string, made: Made | undefined): boolean {
  return made?.name !== undefined && made.name !== nameMark(secretName);
}

/** `n`, then in base64url: the logarithm of the ring's size, the buffer's size, the prints of the secret and its name. */
function madeText({ ringSize, bufferSize, secretName }: MemifPort, print: string): string {
  const ring = Math.log2(ringSize).toString(16).padStart(2, '0');
  const buffer = bufferSize.toString(16).padStart(4, '0');
  const all = Buffer.from(`${ring}${buffer}${print}${nameMark(secretName)}`, 'hex');
  return `n${all.toString('base64url')}`;
}

/** Undefined: the tag attests nothing that we understand. */
function parseMade(attested: string): Made | undefined {
  const before = MADE_BEFORE.exec(attested);
  const [, ring, buffer, print, name] = before ?? MADE.exec(hexOf(attested)) ?? [];
  if (ring === undefined || buffer === undefined || print === undefined) return undefined;
  const ringSize = 2 ** Number.parseInt(ring, 16);
  return { ringSize, bufferSize: Number.parseInt(buffer, 16), print, name };
}

function hexOf(attested: string): string {
  const [, all = ''] = /^n([\w-]{11})$/.exec(attested) ?? [];
  return Buffer.from(all, 'base64url').toString('hex');
}
