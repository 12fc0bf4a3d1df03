/**
 * deb-modules.mjs DIRECTORY COPYRIGHT: copies the npm packages that nfvd needs when it runs, as the lock
 * file has them, to DIRECTORY/node_modules, without what only their makers need; adds their licences to the
 * file COPYRIGHT (Debian's machine-readable format).
 */
import { appendFileSync, cpSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import process from 'node:process';

const [directory, copyright] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));

/** Types are for compilers. */
const TYPES = /^node_modules\/(@types\/|undici-types$)/;
const LICENCE = /^(licen[cs]e|copying|notice)/i;
/** Sources, maps and pages; binaries for another C library than Debian's. */
const USELESS = /\.(ts|cts|mts|map|md|flow|c|cc|cpp|h|hh|hpp|inc|asm|S|gyp|gypi)$|musl/;

function isUseful(root, path) {
  const inside = relative(root, path);
  if (inside.split('/').includes('node_modules')) return false;
  return LICENCE.test(basename(path)) || !USELESS.test(inside);
}

for (const [path, { dev, optional, license }] of Object.entries(packages)) {
  if (path === '' || dev === true || TYPES.test(path)) continue;
  if (!existsSync(path)) {
    // Of those for other machines there is none.
    if (optional === true) continue;
    throw new Error(`${path} is not installed: run "make install"`);
  }
  const root = realpathSync(path);
  cpSync(root, join(directory, path), { recursive: true, filter: (at) => isUseful(root, at) });
  appendFileSync(
    copyright,
    `\nFiles: usr/lib/nfvd/${path}/*\nCopyright: its authors; see its own files there\nLicense: ${license}\n`,
  );
}
