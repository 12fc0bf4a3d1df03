import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NfvError } from '../../../src/errors.js';
import { Secrets } from '../../../src/host/secrets.js';
import { tempDir } from '../../support/temp-dir.js';

describe('secrets of the host', () => {
  const dir = tempDir();
  after(() => {
    dir.remove();
  });
  const secrets = new Secrets(dir.path, 8);
  const write = (name: string, text: string, mode = 0o600): void => {
    writeFileSync(join(dir.path, name), text, { mode });
  };

  for (const [text, said] of [
    ['sesame', 'sesame'],
    ['sesame\n', 'sesame'],
    ['sesame\r\n', 'sesame'],
    ['12345678\r\n', '12345678'],
    [' a\nb ', ' a\nb '],
    ['ßßßß', 'ßßßß'],
  ] as const) {
    it(`are what the file says: ${JSON.stringify(text)}`, async () => {
      write('good', text);
      assert.equal(await secrets.read('good'), said);
    });
  }

  const wrong: [what: string, prepare: (path: string) => void, why: RegExp][] = [
    ['no file', () => undefined, /cannot be read: ENOENT$/],
    [
      'an empty one',
      (path) => {
        writeFileSync(path, '\n', { mode: 0o600 });
      },
      /is empty$/,
    ],
    [
      'a long one',
      (path) => {
        writeFileSync(path, 'sesameßßß', { mode: 0o600 });
      },
      /has more than 8 bytes$/,
    ],
    [
      'one with a zero byte',
      (path) => {
        writeFileSync(path, 'ses\0me', { mode: 0o600 });
      },
      /has a zero byte$/,
    ],
    [
      'one of any bytes',
      (path) => {
        writeFileSync(path, Buffer.from('\xffsesam', 'latin1'), { mode: 0o600 });
      },
      /is not UTF-8$/,
    ],
    [
      'one for everybody',
      (path) => {
        writeFileSync(path, 'sesame', { mode: 0o604 });
      },
      /can be read or written by everybody$/,
    ],
    [
      'a directory',
      (path) => {
        mkdirSync(path);
      },
      /is no file$/,
    ],
    [
      'a device',
      (path) => {
        symlinkSync('/dev/zero', path);
      },
      /cannot be read: ELOOP$/,
    ],
  ];
  for (const [what, prepare, why] of wrong) {
    it(`are not read of ${what}, nor told`, async () => {
      const name = what.replaceAll(' ', '-');
      prepare(join(dir.path, name));
      await assert.rejects(secrets.read(name), (error) => {
        assert.ok(error instanceof NfvError);
        assert.equal(error.code, 'FILE_UNREADABLE');
        assert.match(error.message, why);
        assert.doesNotMatch(JSON.stringify([error.message, error.metadata]), /sesame/);
        return true;
      });
    });
  }
});
