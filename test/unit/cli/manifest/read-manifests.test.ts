import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { readManifests } from '../../../../src/cli/manifest/read-manifests.js';
import type { Desired } from '../../../../src/cli/manifest/desired.js';
import { refusal, refusedWith } from '../../../support/refusals.js';
import { skip } from '../../../support/skip.js';
import { TempFiles } from '../../../support/temp-files.js';
import { inputOf } from '../../../support/cli.js';

const NETWORK = 'apiVersion: nfv/v1\nkind: VirtualNetwork\nmetadata: {name: blue}\n';
const NVE =
  'apiVersion: nfv/v1\nkind: Nve\nmetadata: {name: host-a}\nspec: {vtepAddresses: [10.77.0.1]}\n';
const ENDPOINT = `apiVersion: nfv/v1
kind: Endpoint
metadata: {name: web-1, labels: {app: web}, etag: e7}
spec:
  network: blue
  nve: host-a
  port: {veth: {netns: web-1}}
  ips: [10.0.0.11]
`;

const nothing = inputOf(Readable.from([]));
const named = (all: readonly Desired[]): string[] =>
  all.map(({ kind, id, place }) => `${kind}/${id} ${place}`);

describe('readManifests', () => {
  let files: TempFiles;
  beforeEach(async () => {
    files = await TempFiles.create();
  });
  afterEach(() => files.remove());

  const read = (...paths: string[]): Promise<Desired[]> => readManifests(paths, nothing);

  it('reads the documents of a file, in their order', async () => {
    const file = await files.write('all.yaml', `# All\n${ENDPOINT}---\n${NETWORK}---\n---\n${NVE}`);
    assert.deepEqual(named(await read(file)), [
      `Endpoint/web-1 ${file}:2`,
      `VirtualNetwork/blue ${file}:11`,
      `Nve/host-a ${file}:16`,
    ]);
  });

  it('fills in defaults', async () => {
    const file = await files.write('all.yaml', `${NETWORK}---\n${ENDPOINT}`);
    const [network, endpoint] = await read(file);
    assert.deepEqual(network?.spec, {
      displayName: '',
      tenant: 'default',
      vni: 0,
      encapsulation: 'VXLAN',
      mtu: 0,
      bumMode: 'HEAD_END',
      bumGroup: '',
      learning: false,
      arpSuppression: true,
      prefixes: [],
      underlayFamily: 'IPV4',
      driftPolicy: 'DEFAULT',
      labels: {},
    });
    assert.equal(network.etag, '');
    assert.deepEqual(endpoint?.spec, {
      displayName: '',
      network: 'blue',
      nve: 'host-a',
      port: { kind: 'veth', netns: 'web-1', interface: 'eth0', hostInterface: '' },
      mac: '',
      ips: ['10.0.0.11'],
      subnets: [],
      allowedAddresses: [],
      adminState: 'UP',
      labels: { app: 'web' },
    });
    assert.equal(endpoint.etag, 'e7');
  });

  it('reads several files, and the manifests of directories', async () => {
    const single = await files.write('single.txt', NVE);
    await files.write('dir/b.yml', NETWORK);
    await files.write('dir/a.yaml', ENDPOINT);
    await files.write('dir/notes.txt', 'not a manifest');
    await files.write('dir/deeper/c.yaml', 'neither: this');
    assert.deepEqual(named(await read(single, files.path('dir'))), [
      `Nve/host-a ${single}:1`,
      `Endpoint/web-1 ${files.path('dir/a.yaml')}:1`,
      `VirtualNetwork/blue ${files.path('dir/b.yml')}:1`,
    ]);
  });

  it('reads stdin, in whatever pieces it comes', async () => {
    const pieces = [...Buffer.from(`${NETWORK}# größer\n`)].map((byte) => Buffer.of(byte));
    const all = await readManifests(['-'], inputOf(Readable.from(pieces)));
    assert.deepEqual(named(all), ['VirtualNetwork/blue stdin:1']);
  });

  it('reads JSON, also a list as get prints it', async () => {
    const list = {
      apiVersion: 'nfv/v1',
      kind: 'List',
      items: [
        { apiVersion: 'nfv/v1', kind: 'VirtualNetwork', metadata: { name: 'blue' } },
        {
          apiVersion: 'nfv/v1',
          kind: 'Nve',
          metadata: { name: 'host-a' },
          spec: { vtepAddresses: ['::1'] },
        },
      ],
    };
    const file = await files.write('list.json', JSON.stringify(list, undefined, 2));
    assert.deepEqual(named(await read(file)), [
      `VirtualNetwork/blue ${file}:5`,
      `Nve/host-a ${file}:12`,
    ]);
  });

  it('accepts what the NVA says of a resource, and does not mind it', async () => {
    const file = await files.write(
      'x.yaml',
      `${NETWORK.replace('{name: blue}', '{name: blue, revision: 7, createTime: x, updateTime: y}')}status: {effectiveMtu: what, more: [1]}\n`,
    );
    assert.equal((await read(file)).length, 1);
  });

  describe('refuses', () => {
    const rows: [name: string, text: string, told: string[]][] = [
      [
        'a wrong key',
        `${NETWORK}spec: {vnii: 100}\n`,
        [
          'F:4:8: spec.vnii: vnii: unknown key; did you mean "vni"? known: displayName, tenant, vni, encapsulation, mtu, bumMode, bumGroup, learning, arpSuppression, prefixes, underlayFamily, driftPolicy, provider',
        ],
      ],
      [
        'a wrong type',
        `${NETWORK}spec: {prefixes: 10.0.0.0/24, learning: maybe, mtu: [1]}\n`,
        [
          'F:4:18: spec.prefixes: 10.0.0.0/24: text, not a list; give a list',
          'F:4:41: spec.learning: maybe: text, not true or false; give true or false',
          'F:4:53: spec.mtu: [1]: a list, not a number; give a number',
        ],
      ],
      [
        'a VNI of 0',
        `${NETWORK}spec: {vni: 0}\n`,
        ['F:4:13: spec.vni: 0: not a VNI; give 1-16777215, or leave it out to get one'],
      ],
      [
        'a VNI over 16777215',
        `${NETWORK}spec: {vni: 16777216}\n`,
        ['F:4:13: spec.vni: 16777216: not a VNI; give 1-16777215, or leave it out to get one'],
      ],
      [
        'a VNI that is text',
        `${NETWORK}spec: {vni: "100"}\n`,
        ['F:4:13: spec.vni: 100: not a VNI; give 1-16777215, or leave it out to get one'],
      ],
      [
        'an unknown kind',
        'apiVersion: nfv/v1\nkind: Network\nmetadata: {name: a}\n',
        [
          'F:2:7: kind: Network: not one of those allowed; give one of VirtualNetwork, Nve, Subnet, Router, Endpoint, HostProfile, List',
        ],
      ],
      [
        'another version',
        NETWORK.replace('nfv/v1', 'v1'),
        ['F:1:13: apiVersion: v1: not one of those allowed; give "nfv/v1"'],
      ],
      [
        'what is missing',
        'apiVersion: nfv/v1\nkind: Endpoint\nmetadata: {}\nspec: {nve: host-a}\n',
        [
          'F:3:1: metadata.name: (empty): missing; add it: text',
          'F:4:1: spec.network: (empty): missing; add it: text',
          'F:4:1: spec.port: (empty): missing; add it: a mapping of keys to values',
        ],
      ],
      [
        'a name that is none',
        NETWORK.replace('blue', 'Blue Team'),
        [
          'F:3:18: metadata.name: Blue Team: not an id; give 1-63 characters of a-z, 0-9 and -, a letter first, no - last',
        ],
      ],
      [
        'two ports in one',
        ENDPOINT.replace('{veth: {netns: web-1}}', '{veth: {netns: web-1}, tap: {}}'),
        [
          'F:7:9: spec.port: {"veth":{"netns":"web-1"},"tap":{}}: not one kind of port; give one of veth, tap, hostInterface, vhostUser, memif, vlan and vppInterface',
        ],
      ],
      [
        'no port',
        ENDPOINT.replace('{veth: {netns: web-1}}', '{}'),
        [
          'F:7:9: spec.port: {}: not one kind of port; give one of veth, tap, hostInterface, vhostUser, memif, vlan and vppInterface',
        ],
      ],
      [
        'a uid that the protocol cannot carry',
        ENDPOINT.replace('{veth: {netns: web-1}}', '{tap: {ownerUid: 4294967296}}'),
        ['F:7:26: spec.port.tap.ownerUid: 4294967296: out of range; give at most 4294967295'],
      ],
      [
        'a multicast MAC',
        `${ENDPOINT}  mac: 01:00:5e:00:00:01\n`,
        ['F:9:8: spec.mac: 01:00:5e:00:00:01: a multicast MAC; give one whose first byte is even'],
      ],
      [
        'an over-long interface name',
        ENDPOINT.replace('{netns: web-1}', '{netns: web-1, hostInterface: veth-of-web-one-1}'),
        [
          'F:7:46: spec.port.veth.hostInterface: veth-of-web-one-1: 17 characters long; give at most 15: the kernel would cut it',
        ],
      ],
      [
        'an IP that is none, or doubled',
        ENDPOINT.replace('[10.0.0.11]', '[10.0.0.11, 10.0.0.0/24, 10.0.0.11]'),
        [
          'F:8:20: spec.ips[1]: 10.0.0.0/24: not a unicast IP address; give one without prefix length, e.g. "10.0.0.5"',
          'F:8:33: spec.ips[2]: 10.0.0.11: given twice; give each address once',
        ],
      ],
      [
        'an IP outside of its network',
        `${NETWORK}spec: {prefixes: [10.1.0.0/24, 10.2.0.0/24]}\n---\n${ENDPOINT}`,
        [
          "F:13:9: spec.ips[0]: 10.0.0.11: outside the network's prefixes; give an address in 10.1.0.0/24 or 10.2.0.0/24",
        ],
      ],
      [
        'a multicast group without multicast',
        `${NETWORK}spec: {bumGroup: 239.1.1.1}\n`,
        ['F:4:18: spec.bumGroup: 239.1.1.1: not used with HEAD_END; leave it out'],
      ],
      [
        'labels that are none',
        NETWORK.replace('{name: blue}', '{name: blue, labels: {site: "a b", Rack: r1}}'),
        [
          'F:3:39: metadata.labels.site: a b: not a label value; give at most 63 characters of A-Z, a-z, 0-9, ".", "_" and "-", a letter or digit at both ends',
          'F:3:32: metadata.labels: Rack: not a label key; give 1-63 characters of a-z, 0-9 and -, a letter first, no - last',
        ],
      ],
      [
        'two of the same name',
        `${NETWORK}---\n${NETWORK}`,
        ['F:7:18: metadata.name: blue: already in F:1; leave one of the two out'],
      ],
      [
        'a VNI that two networks want',
        `${NETWORK}spec: {vni: 5}\n---\n${NETWORK.replace('blue', 'red')}spec: {vni: 5}\n`,
        ['F:9:13: spec.vni: 5: also given to blue in F:1; give it to one of them only'],
      ],
      [
        'a VTEP address that two NVEs want',
        `${NVE}---\n${NVE.replace('host-a', 'host-b')}`,
        [
          'F:9:24: spec.vtepAddresses[0]: 10.77.0.1: also given to host-a in F:1; give it to one of them only',
        ],
      ],
      [
        'a MAC and an IP that two endpoints of a network want',
        `${ENDPOINT}  mac: 02:00:00:00:00:01\n---\n${ENDPOINT.replace('web-1', 'web-2')}  mac: 02-00-00-00-00-01\n`,
        [
          'F:19:8: spec.mac: 02:00:00:00:00:01: also given to web-1 in F:1; give it to one of them only',
          'F:18:9: spec.ips[0]: 10.0.0.11: also given to web-1 in F:1; give it to one of them only',
        ],
      ],
      [
        'a cycle',
        `${NETWORK}status: &a {b: *a}\n`,
        ['F:4:16: status.b: *a: contains itself; write the value out'],
      ],
      [
        'what is no manifest',
        'hello: world\n',
        [
          'F:1:1: kind: (empty): missing; add it: one of VirtualNetwork, Nve, Subnet, Router, Endpoint, HostProfile, List',
        ],
      ],
      [
        'a text that is no YAML',
        'a: [1\nb: {\n',
        [
          'F:2:1: b: {: Flow sequence in block collection must be sufficiently indented and end with a ]; indent it as its neighbours, with spaces',
          'F:3:1: (empty): Flow map in block collection must be sufficiently indented and end with a }; indent it as its neighbours, with spaces',
        ],
      ],
    ];
    for (const [name, text, told] of rows) {
      it(name, async () => {
        const file = await files.write('bad.yaml', text);
        const reading = readManifests([file], nothing, () => Promise.resolve([]));
        const error = await refusedWith('MANIFEST_INVALID', reading);
        assert.deepEqual(
          error.violations.map((v) => {
            const value = v.value === '' ? '(empty)' : v.value;
            return `${v.field}: ${value}: ${v.reason}; ${v.remedy}`.replaceAll(file, 'F');
          }),
          told,
        );
      });
    }

    it('all that is wrong in all files at once', async () => {
      const a = await files.write('a.yaml', `${NETWORK}spec: {x: 1}\n`);
      const b = await files.write('b.yaml', `${NETWORK}spec: {y: 1}\n`);
      const error = await refusedWith('MANIFEST_INVALID', read(a, b));
      assert.deepEqual(
        error.violations.map(({ field }) => field),
        [`${a}:4:8: spec.x`, `${b}:4:8: spec.y`],
      );
    });

    it('10 MB of nonsense, without reading it all', async () => {
      const file = await files.write('big.yaml', Buffer.alloc(10 * 1024 * 1024, '{[*&"'));
      const started = performance.now();
      const error = await refusedWith('MESSAGE_TOO_LARGE', read(file));
      assert.equal(error.message, `${file}: more than 4194304 bytes: too large`);
      assert.ok(performance.now() - started < 2000);
    });

    it('4 MB of nonsense, in time', async () => {
      const file = await files.write('big.yaml', Buffer.alloc(4 * 1024 * 1024, '{[*&"\n'));
      await refusedWith('MANIFEST_INVALID', read(file));
    });

    it('stdin that does not end', async () => {
      const endless = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(65_536, 'a');
        })(),
      );
      const error = await refusedWith('MESSAGE_TOO_LARGE', readManifests(['-'], inputOf(endless)));
      assert.equal(error.message, 'stdin: more than 4194304 bytes: too large');
    });

    it('bytes that are not UTF-8', async () => {
      const file = await files.write('x.yaml', Buffer.from([0x61, 0xff, 0xfe]));
      const error = await refusedWith('MANIFEST_INVALID', read(file));
      assert.equal(error.message, `${file}: 3 bytes: not UTF-8`);
    });

    it('files that are not there', async () => {
      const missing = files.path('none.yaml');
      const error = await refusedWith('FILE_UNREADABLE', read(missing));
      assert.equal(error.message, `ENOENT: no such file or directory, stat "${missing}"`);
    });

    it('files that may not be read', async function () {
      if (process.getuid?.() === 0) skip(this, 'root may read every file');
      const secret = await files.write('secret.yaml', NETWORK);
      await chmod(secret, 0);
      await refusedWith('FILE_UNREADABLE', read(secret));
    });

    it('what can be seen and not be opened', async () => {
      const path = files.path('socket.yaml');
      const server = createServer().listen(path);
      await once(server, 'listening');
      const error = await refusal(read(path));
      assert.equal(error.code, 'FILE_UNREADABLE');
      assert.match(error.message, /ENXIO.*socket\.yaml/);
      server.close();
    });

    it('more files than anybody means to give', async () => {
      for (let i = 0; i <= 1000; i++) await files.write(`many/${i}.yaml`, NETWORK);
      const error = await refusal(read(files.path('many')));
      assert.equal(error.message, '-f: 1001 files: too many');
    });

    it('nothing at all', async () => {
      const empty = await files.write('empty/readme.txt', '');
      assert.equal(
        (await refusal(read(files.path('empty')))).message,
        `-f: ${files.path('empty')}: no manifest in there`,
      );
      assert.equal((await refusal(read(empty))).message, `-f: ${empty}: no manifest in there`);
    });

    it('stdin twice', async () => {
      assert.equal((await refusal(read('-', '-'))).message, '-f: -: given twice');
    });
  });
});
