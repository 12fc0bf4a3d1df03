import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findLibrary } from '../../../../src/vpp-api/ffi/find-library.js';
import { tempDir } from '../../../support/temp-dir.js';

const NAME = 'libvppapiclient.so';

describe('findLibrary', () => {
  const dir = tempDir();
  const multiarch = join(dir.path, 'vpp', 'lib', 'x86_64-linux-gnu');
  const library = join(multiarch, NAME);

  before(() => {
    mkdirSync(multiarch, { recursive: true });
    writeFileSync(library, '');
  });

  after(() => {
    dir.remove();
  });

  const none = (): Promise<string> => Promise.reject(new Error('not to be asked'));

  it('takes a path to the file or to its folder', async () => {
    assert.equal(await findLibrary({ path: library, listLibraries: none }), library);
    assert.equal(await findLibrary({ path: multiarch, listLibraries: none }), library);
  });

  it('looks below a prefix, with and without the name of the machine', async () => {
    const prefix = join(dir.path, 'vpp');
    assert.equal(await findLibrary({ prefix, listLibraries: none }), library);
    const plain = join(dir.path, 'plain');
    mkdirSync(join(plain, 'lib'), { recursive: true });
    writeFileSync(join(plain, 'lib', NAME), '');
    assert.equal(await findLibrary({ prefix: plain }), join(plain, 'lib', NAME));
  });

  it('asks the system last', async () => {
    const listed = [
      "2 libs found in cache `/etc/ld.so.cache'",
      '\tlibvppinfra.so.26.06 (libc6,x86-64) => /nowhere/libvppinfra.so.26.06',
      `\tlibvppapiclient.so.26.06 (libc6,x86-64) => ${library}`,
    ].join('\n');
    assert.equal(await findLibrary({ listLibraries: () => Promise.resolve(listed) }), library);
  });

  const missing: readonly (readonly [string, Parameters<typeof findLibrary>[0], RegExp])[] = [
    ['a path', { path: '/nonexistent' }, /^no libvppapiclient\.so in \/nonexistent$/],
    ['a prefix', { prefix: '/nonexistent' }, /in \/nonexistent\/lib$/],
    ['the system', { listLibraries: () => Promise.resolve('') }, /system's libraries/],
  ];
  for (const [name, options, message] of missing) {
    it(`says in one line that it is not in ${name}`, async () => {
      await assert.rejects(findLibrary(options), { code: 'VPP_LIBRARY_MISSING', message });
    });
  }
});
