import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { INSTALLED, loadInstalled } from '../../../../src/vpp-api/schema/load-installed.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { refusedWith } from '../../../support/refusals.js';
import { skip } from '../../../support/skip.js';
import { TempFiles } from '../../../support/temp-files.js';
import { vppReleases } from '../../../support/vpp-releases.js';

const MODULE = JSON.stringify({
  messages: [['m', ['u16', '_vl_msg_id'], { crc: '0x0000000a', options: {} }]],
});

describe('loadInstalled', () => {
  let files: TempFiles;

  beforeEach(async () => {
    files = await TempFiles.create();
  });

  afterEach(() => files.remove());

  it('reads what VPP’s packages install: the same as VPP itself tells', async function () {
    this.timeout(30_000);
    const modules = vppReleases().at(-1)?.modules ?? [];
    for (const json of modules) {
      const { module, ...rest } = z.looseObject({ module: z.string() }).parse(json);
      const folder = module.startsWith('i') ? 'core' : 'plugins';
      await files.write(`${folder}/${module}.api.json`, JSON.stringify(rest));
    }
    await files.write('core/README.json', 'not a definition');
    const installed = await loadInstalled(files.directory);
    const told = parseModules(modules);
    assert.equal(installed.messages.size, 2093);
    for (const [name, def] of told.messages) {
      assert.deepEqual(installed.messages.get(name), def);
    }
    assert.deepEqual(new Set(installed.types.keys()), new Set(told.types.keys()));
  });

  it('says which file is wrong, and where', async () => {
    await files.write('core/good.api.json', MODULE);
    const path = await files.write('plugins/bad.api.json', '{"messages": [');
    const syntax = await refusedWith('VPP_SCHEMA_INVALID', loadInstalled(files.directory));
    assert.ok(syntax.message.startsWith(`${path}: `), syntax.message);
    await files.write('plugins/bad.api.json', '{"messages": [["m"]]}');
    const form = await refusedWith('VPP_SCHEMA_INVALID', loadInstalled(files.directory));
    assert.equal(form.violations[0]?.field, '/plugins/bad.api.json/messages/0');
  });

  it('refuses a message that two files define differently', async () => {
    await files.write('a.api.json', MODULE);
    await files.write('b.api.json', MODULE.replace('0x0000000a', '0x0000000b'));
    const error = await refusedWith('VPP_SCHEMA_INVALID', loadInstalled(files.directory));
    assert.match(error.message, /m_0000000b: not the message of a, m_0000000a/);
  });

  it('refuses a directory without definitions, none, and a file', async () => {
    const empty = await refusedWith('VPP_SCHEMA_INVALID', loadInstalled(files.directory));
    assert.equal(empty.message, `${files.directory}: has no *.api.json file`);
    const rows = [files.path('nowhere'), await files.write('file', '')];
    for (const path of rows) {
      const error = await refusedWith('FILE_UNREADABLE', loadInstalled(path));
      assert.ok(error.message.startsWith(`${path}: `), error.message);
    }
  });

  it('refuses a file larger than VPP has, and one that is no file', async () => {
    const large = await files.write('large.api.json', MODULE);
    await truncate(large, 4 * 1024 * 1024 + 1);
    const size = await refusedWith('FILE_UNREADABLE', loadInstalled(files.directory));
    assert.match(size.message, /large\.api\.json: 4194305 bytes, over 4194304/);
    await truncate(large, 0);
    await symlink('/dev/zero', files.path('device.api.json'));
    const device = await refusedWith('FILE_UNREADABLE', loadInstalled(files.directory));
    assert.match(device.message, /device\.api\.json: not a file/);
  });

  it('refuses more files than VPP has', async () => {
    await mkdir(files.path('many'));
    for (let i = 0; i <= 2000; i++) await symlink('/dev/null', files.path(`many/${i}.api.json`));
    const error = await refusedWith('FILE_UNREADABLE', loadInstalled(files.directory));
    assert.match(error.message, /more than 2000 \*\.api\.json files/);
  });

  it('does not follow directories that are links: they could go round', async () => {
    await files.write('a.api.json', MODULE);
    await symlink(files.directory, files.path('loop'));
    assert.equal((await loadInstalled(files.directory)).messages.size, 1);
  });

  it('tells of a file that may not be read', async function () {
    if (process.getuid?.() === 0) skip(this, 'root may read every file');
    const path = await files.write('a.api.json', MODULE);
    await chmod(path, 0);
    const error = await refusedWith('FILE_UNREADABLE', loadInstalled(files.directory));
    assert.match(error.message, /EACCES/);
  });

  it('ends when it is cancelled', async () => {
    await files.write('a.api.json', MODULE);
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const loading = loadInstalled(files.directory, { signal: controller.signal });
    await assert.rejects(loading, { message: 'enough' });
    const later = new AbortController();
    const second = loadInstalled(files.directory, { signal: later.signal });
    later.abort();
    await assert.rejects(second, { name: 'AbortError' });
  });

  it('looks where VPP’s packages install, if it is not told', async () => {
    assert.equal(INSTALLED, '/usr/share/vpp/api');
    if (existsSync(INSTALLED)) {
      assert.ok((await loadInstalled()).messages.has('control_ping'));
    } else {
      const error = await refusedWith('FILE_UNREADABLE', loadInstalled());
      assert.match(error.message, /^\/usr\/share\/vpp\/api: ENOENT/);
    }
  });
});
