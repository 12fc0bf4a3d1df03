/** Which definitions a client goes by, and what it says of messages that are not as it knows them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundled, installed } from '../../../src/vpp-api/client/fallbacks.js';
import { EmulatedVpp, newestModules } from '../../support/emulated-vpp.js';
import { tempDir } from '../../support/temp-dir.js';
import type { EmulatorOptions } from '../../support/vpp-emulator/emulator.js';
import { vppReleases } from '../../support/vpp-releases.js';
import {
  ALL_INTERFACES,
  ClientUnderTest,
  overSocket,
  untyped,
} from '../../support/vpp-under-test.js';

const VXLAN = { sw_if_index: 0xffff_ffff };

describe('VPP client, binding', () => {
  const dir = tempDir();
  let vpp: EmulatedVpp | undefined;
  let made: ClientUnderTest | undefined;

  const connect = async (
    options: Partial<EmulatorOptions>,
    client = {},
  ): Promise<ClientUnderTest> => {
    vpp = new EmulatedVpp(options);
    await vpp.start();
    made = await ClientUnderTest.ready(overSocket(vpp), {
      retry: { initialMs: 5, maxMs: 20 },
      ...client,
    });
    return made;
  };

  afterEach(async () => {
    await made?.client.close();
    await vpp?.remove();
  });

  after(() => {
    dir.remove();
  });

  /** The definitions as VPP's package installs them: a file a module, in folders. */
  const install = (): string => {
    for (const json of newestModules()) {
      assert.ok(typeof json === 'object' && json !== null && 'module' in json);
      mkdirSync(join(dir.path, 'plugins'), { recursive: true });
      writeFileSync(
        join(dir.path, 'plugins', `${String(json.module)}.api.json`),
        JSON.stringify(json),
      );
    }
    return dir.path;
  };

  it('goes by what VPP tells, if it does', async () => {
    const { client } = await connect({}, { fallbacks: [] });
    assert.equal(client.binding?.source, 'vpp');
  });

  it('goes by what is installed, if VPP does not tell', async () => {
    const fallbacks = [installed(join(dir.path, 'nothing')), installed(install()), bundled()];
    const { client } = await connect({ withoutJson: true }, { fallbacks });
    assert.equal(client.binding?.source, 'installed');
    assert.deepEqual(await client.dump(untyped('lldp_dump'), { cursor: 0 }), []);
  });

  it('goes by what it brings along, if nothing else is there', async () => {
    const fallbacks = [installed(join(dir.path, 'nothing')), bundled()];
    const { client } = await connect({ withoutJson: true }, { fallbacks });
    assert.equal(client.binding?.source, 'bundled');
    assert.equal((await client.dump('sw_interface_dump', ALL_INTERFACES)).length, 1);
    await assert.rejects(client.dump(untyped('lldp_dump'), { cursor: 0 }), {
      code: 'VPP_MESSAGE_UNKNOWN',
    });
  });

  it('passes over installed definitions that are broken, and tells of it', async () => {
    const broken = join(dir.path, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'vpe.api.json'), '{"messages": [');
    const fallbacks = [installed(broken), bundled()];
    const { client, events } = await connect({ withoutJson: true }, { fallbacks });
    assert.equal(client.binding?.source, 'bundled');
    const [ready] = events;
    assert.ok(ready?.kind === 'ready');
    assert.equal(ready.passedOver?.code, 'VPP_SCHEMA_INVALID');
    assert.match(ready.passedOver.message, /broken\/vpe\.api\.json/);
  });

  it('says what is broken of the installed definitions, if there are no others', async () => {
    const broken = join(dir.path, 'broken-too');
    mkdirSync(broken);
    vpp = new EmulatedVpp({ withoutJson: true });
    await vpp.start();
    made = new ClientUnderTest(overSocket(vpp), { fallbacks: [installed(broken)] });
    await made.told('lost');
    assert.match(made.client.lastError.message, /broken-too: has no \*\.api\.json file/);
  });

  it('is not bound where there are no definitions at all, and says what to give', async () => {
    vpp = new EmulatedVpp({ withoutJson: true });
    await vpp.start();
    made = new ClientUnderTest(overSocket(vpp), { fallbacks: [] });
    await made.told('lost');
    assert.equal(made.client.lastError.code, 'VPP_SCHEMA_INVALID');
    assert.match(made.client.lastError.remedy, /\*\.api\.json/);
  });

  it('gives up a VPP that does not tell its messages in time, and tries again', async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    vpp.emulator.gate = ({ name }) => name !== 'get_api_json';
    const retry = { initialMs: 5, maxMs: 10 };
    made = new ClientUnderTest(overSocket(vpp), { bindMs: 50, retry });
    await made.told('lost', 1);
    assert.equal(made.client.lastError.code, 'DEADLINE_EXCEEDED');
    vpp.emulator.gate = () => true;
    // Binding itself takes longer than that.
    await made.client.close();
    made = await ClientUnderTest.ready(overSocket(vpp));
  });

  for (const text of ['not JSON', '{}', '[{"module":1}]', '[{"messages":[["a"]]}]']) {
    it(`is not bound by ${text}`, async () => {
      vpp = new EmulatedVpp();
      await vpp.start();
      vpp.emulator.gate = (request) => {
        if (request.name === 'get_api_json') request.reply({ json: text });
        return request.name !== 'get_api_json';
      };
      made = new ClientUnderTest(overSocket(vpp));
      await made.told('lost');
      assert.equal(made.client.lastError.code, 'VPP_SCHEMA_INVALID');
      await assert.rejects(made.client.request('control_ping', {}), { code: 'VPP_UNREACHABLE' });
    });
  }

  it('names the plugin of a message that VPP does not have', async () => {
    const { client } = await connect({ without: ['vxlan'] });
    await assert.rejects(client.dump('vxlan_tunnel_v2_dump', VXLAN), {
      code: 'VPP_MESSAGE_MISSING',
      message: /vxlan_tunnel_v2_dump.*API module vxlan/,
      remedy: /load the plugin with API module vxlan/,
    });
    assert.equal(client.binding?.compat.features.get('vxlan')?.status, 'missing');
    assert.equal(client.binding.compat.features.get('core')?.status, 'ok');
    await client.dump('sw_interface_dump', ALL_INTERFACES);
  });

  it('names both CRCs of a message that VPP has otherwise', async () => {
    const crcs = { vxlan_tunnel_v2_dump: 'deadbeef' };
    const { client } = await connect({ crcs });
    await assert.rejects(client.dump('vxlan_tunnel_v2_dump', VXLAN), {
      code: 'VPP_MESSAGE_CHANGED',
      message: /vxlan_tunnel_v2_dump of API module vxlan has CRC deadbeef in VPP, known f9e6675e/,
    });
    await client.request('control_ping', {});
  });

  it('names a request whose reply VPP has otherwise', async () => {
    const { client } = await connect({ crcs: { show_version_reply: 'deadbeef' } });
    await assert.rejects(client.request('show_version', {}), {
      code: 'VPP_MESSAGE_CHANGED',
      message: /show_version_reply/,
    });
  });

  it('serves every release from 22.10 on, with the message ids of each start', async function () {
    this.timeout(60_000);
    for (const { name, modules } of vppReleases()) {
      const { client } = await connect({ modules });
      const tells = Number(name.replace('.', '')) >= 2406;
      assert.equal(client.binding?.source, tells ? 'vpp' : 'bundled', name);
      assert.equal((await client.dump('sw_interface_dump', ALL_INTERFACES)).length, 1, name);
      await client.close();
      await vpp?.remove();
    }
  });

  it('asks the same VPP for its definitions once, another one again', async () => {
    await connect({});
    const asked = (): number =>
      vpp?.emulator.received.filter(({ name }) => name === 'get_api_json').length ?? 0;
    assert.equal(asked(), 1);
    vpp?.emulator.dropClients();
    await made?.told('ready', 1);
    assert.equal(asked(), 1);
  });
});
