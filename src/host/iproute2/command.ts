import { NfvError } from '../../errors.js';

/** One command of iproute2 as an argument array, without the program's name. */
export type Words = readonly string[];

/** What iproute2 splits a batch's line at, quotes with, or takes for a comment (lib/utils.c). */
const UNSAFE = /[^\x21-\x7e]|["'#\\]/;
const MAX_WORD = 256;

/**
 * The command as a line of a batch. iproute2 has no way to escape, so a word with a space, a
 * quote, "#" or "\" cannot be told to it.
 * @throws NfvError ITEM_INVALID
 */
export function batchLine(words: Words): string {
  for (const word of words) {
    if (word === '' || word.length > MAX_WORD || UNSAFE.test(word)) {
      throw new NfvError(
        'ITEM_INVALID',
        `iproute2 cannot be told the word ${JSON.stringify(word)}`,
      );
    }
  }
  return `${words.join(' ')}\n`;
}

/**
 * A name that iproute2 would take for an index when no such device is there (lib/ll_map.c,
 * ll_idx_a2n): "if7" is then the device with index 7, whoever's it is.
 */
export function isIndexName(name: string): boolean {
  return /^if\d/.test(name);
}

const BEFORE_DEVICE = new Set(['dev', 'name', 'master', 'br', 'brport']);

/** The names of the devices a command speaks of. */
export function devicesOf(words: Words): string[] {
  return words.filter((_, i) => BEFORE_DEVICE.has(words[i - 1] ?? ''));
}

/**
 * Whether a process that carries this out remembers all devices that there are: `bridge` and `tc` read
 * them before their first command, and not again (ll_init_map), `ip` remembers what it lists each time.
 */
export function learnsAll(program: string, words: Words): 'once' | 'each' | undefined {
  if (program !== 'ip') return 'once';
  return words.includes('show') && devicesOf(words).length === 0 ? 'each' : undefined;
}

/** The device that `ip link` forgets when the command succeeds (ip/iplink.c, iplink_modify). */
export function droppedBy(words: Words): string | undefined {
  const changes = words[0] === 'link' && (words[1] === 'set' || words[1] === 'del');
  return changes ? words[words.indexOf('dev') + 1] : undefined;
}
