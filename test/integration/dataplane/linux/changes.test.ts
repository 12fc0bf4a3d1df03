/** What onChange tells, and what it does not. */
import assert from 'node:assert/strict';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost } from '../../../support/linux-host.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';
import { exec, needNetns, Netns } from '../../../support/netns.js';

const VTEP = '10.1.0.1';
const REMOTE = '10.1.0.2';
const LOCAL_MAC = '02:00:00:00:00:01';
const REMOTE_MAC = '02:00:00:00:00:02';
/** A VN whose entries only tell that all events before theirs have been told. */
const FENCE = 9;

/** What a VN is made of here; each test has one of its own. */
interface Place {
  readonly vni: number;
  /** Name of the port. */
  readonly port: string;
  /** Of its guest's end. */
  readonly eth: string;
}

type Do = (program: 'ip' | 'bridge', ...words: string[]) => Promise<unknown>;

interface Drift {
  readonly title: string;
  readonly act: (run: Do, place: Place, guest: Netns) => Promise<unknown>;
  /** Keys less the VNI or the endpoint that stand for. */
  readonly keys: (place: Place) => readonly string[];
}

const MARK = 'extern_learn';

const DRIFTS: readonly Drift[] = [
  {
    title: 'a MAC moved',
    act: (run, { vni }) =>
      run(...fdb('replace', REMOTE_MAC, `nfvx${vni}`), 'dst', '10.1.0.9', 'self', MARK),
    keys: ({ vni }) => [`mac/${vni}/${REMOTE_MAC}`],
  },
  {
    title: "a MAC's mark lost",
    act: (run, { vni }) =>
      run(...fdb('replace', REMOTE_MAC, `nfvx${vni}`), 'dst', REMOTE, 'self', 'static'),
    keys: ({ vni }) => [`mac/${vni}/${REMOTE_MAC}`],
  },
  {
    title: "a MAC's VXLAN half deleted",
    act: (run, { vni }) => run(...fdb('del', REMOTE_MAC, `nfvx${vni}`), 'self'),
    keys: ({ vni }) => [`mac/${vni}/${REMOTE_MAC}`],
  },
  {
    title: "a MAC's bridge half deleted",
    act: (run, { vni }) => run(...fdb('del', REMOTE_MAC, `nfvx${vni}`), 'master'),
    keys: ({ vni }) => [`mac/${vni}/${REMOTE_MAC}`],
  },
  {
    title: "an endpoint's MAC deleted",
    act: (run, { port }) => run(...fdb('del', LOCAL_MAC, port), 'master'),
    keys: ({ vni }) => [`mac/${vni}/${LOCAL_MAC}`],
  },
  {
    title: 'a MAC that nobody asked for',
    act: (run, { vni }) => run(...fdb('add', '02:00:00:00:00:55', `nfvx${vni}`), 'master', MARK),
    keys: ({ vni }) => [`mac/${vni}/02:00:00:00:00:55`],
  },
  {
    title: 'a flood member deleted',
    act: (run, { vni }) =>
      run(...fdb('del', '00:00:00:00:00:00', `nfvx${vni}`), 'dst', REMOTE, 'self'),
    keys: ({ vni }) => [`flood/${vni}/${REMOTE}`],
  },
  {
    title: 'a flood member that nobody asked for',
    act: (run, { vni }) =>
      run(...fdb('append', '00:00:00:00:00:00', `nfvx${vni}`), 'dst', '10.1.0.8'),
    keys: ({ vni }) => [`flood/${vni}/10.1.0.8`],
  },
  {
    title: 'a neighbour deleted',
    act: (run, { vni }) => run('ip', 'neigh', 'del', '192.168.7.2', 'dev', `nfvb${vni}`),
    keys: ({ vni }) => [`neigh/${vni}/192.168.7.2`],
  },
  {
    title: 'a neighbour changed',
    act: (run, { vni }) =>
      run(
        ...(['ip', 'neigh', 'replace', '192.168.7.2', 'lladdr', LOCAL_MAC] as const),
        ...['dev', `nfvb${vni}`, 'nud', 'permanent', MARK],
      ),
    keys: ({ vni }) => [`neigh/${vni}/192.168.7.2`],
  },
  {
    title: 'a bridge set down',
    act: (run, { vni }) => run('ip', 'link', 'set', 'dev', `nfvb${vni}`, 'down'),
    keys: ({ vni }) => [`bd/${vni}`, `neigh/${vni}/192.168.7.2`],
  },
  {
    title: 'a VXLAN device deleted',
    act: (run, { vni }) => run('ip', 'link', 'del', 'dev', `nfvx${vni}`),
    keys: ({ vni }) => [`bd/${vni}`, `mac/${vni}/${REMOTE_MAC}`, `flood/${vni}/${REMOTE}`],
  },
  {
    title: 'an alias',
    act: (run, { vni }) => run('ip', 'link', 'set', 'dev', `nfvb${vni}`, 'alias', 'nothing'),
    keys: ({ vni }) => [`bd/${vni}`],
  },
  {
    title: 'a port taken out of its bridge',
    act: (run, { port }) => run('ip', 'link', 'set', 'dev', port, 'nomaster'),
    keys: ({ vni, port }) => [`port/e${port}`, `mac/${vni}/${LOCAL_MAC}`],
  },
  {
    title: 'a port deleted',
    act: (run, { port }) => run('ip', 'link', 'del', 'dev', port),
    keys: ({ vni, port }) => [`port/e${port}`, `mac/${vni}/${LOCAL_MAC}`],
  },
  {
    title: 'a port renamed',
    act: (run, { port }) => run('ip', 'link', 'set', 'dev', port, 'down', 'name', 'elsewhere'),
    keys: ({ port }) => [`port/e${port}`],
  },
  {
    title: "a port's flags",
    act: (run, { port }) => run('bridge', 'link', 'set', 'dev', port, 'flood', 'off'),
    keys: ({ port }) => [`port/e${port}`],
  },
  {
    title: 'a guest that deletes its end',
    act: (_run, { eth }, guest) => guest.ip('link', 'del', 'dev', eth),
    keys: ({ port }) => [`port/e${port}`],
  },
  {
    title: 'a route',
    act: (run) => run('ip', 'route', 'add', 'blackhole', '10.3.0.0/24'),
    keys: ({ vni }) => [`tunnel/${vni}/${REMOTE}`],
  },
  {
    title: "a VTEP's address",
    act: (run) => run('ip', 'addr', 'del', `${VTEP}/24`, 'dev', 'u0'),
    keys: ({ vni }) => [`vtep/${VTEP}`, `tunnel/${vni}/${REMOTE}`],
  },
  {
    title: "a VTEP's address that is back",
    act: (run) => run('ip', 'addr', 'add', `${VTEP}/24`, 'dev', 'u0'),
    keys: () => [`vtep/${VTEP}`],
  },
  {
    title: "the underlay's mtu",
    act: (run) => run('ip', 'link', 'set', 'dev', 'u0', 'mtu', '1300'),
    keys: ({ vni }) => [`bd/${vni}`],
  },
  {
    title: 'the underlay down',
    act: (run) => run('ip', 'link', 'set', 'dev', 'u0', 'down'),
    keys: ({ vni }) => [`tunnel/${vni}/${REMOTE}`],
  },
];

function fdb(verb: string, mac: string, device: string): ['bridge', ...string[]] {
  return ['bridge', 'fdb', verb, mac, 'dev', device];
}

const hex = (n: number): string => n.toString(16).padStart(2, '0');

const placeOf = (i: number): Place => ({ vni: 100 + i, port: `vp${i}`, eth: `eth${i}` });

describe('kernel dataplane: changes', function () {
  this.timeout(30_000);
  let host: LinuxHost;
  let guest: Netns;
  let fence = 0;

  const run: Do = (program, ...words) => host.ns.run(program, ...words);

  const itemsOf = ({ vni, port, eth }: Place): Payload[] => [
    domain(vni, VTEP),
    tunnelTo(vni, REMOTE, VTEP),
    floodTo(vni, REMOTE),
    vethPort(`e${port}`, vni, LOCAL_MAC, guest.name, { hostInterface: port, interface: eth }),
    macOf(vni, LOCAL_MAC, `e${port}`),
    macAt(vni, REMOTE_MAC, REMOTE),
    neighbor(vni, '192.168.7.2', REMOTE_MAC),
  ];

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`, '10.2.0.1/24']);
    guest = await Netns.create();
    await host.watch();
    const places = [...DRIFTS.keys()].map(placeOf);
    await host.converge([vtepItem(VTEP), domain(FENCE, VTEP), ...places.flatMap(itemsOf)], 'all');
  });

  after(async () => {
    await host.close();
    await guest.close();
  });

  const told = (): Set<string> =>
    new Set(host.changes.flatMap((keys) => (keys === 'unknown' ? [] : [...keys])));

  const tells = async (...keys: string[]): Promise<void> => {
    await eventually(() => keys.every((key) => told().has(key)), 3000).catch((error: unknown) => {
      throw new Error(`told: ${[...told()].join()}`, { cause: error });
    });
  };

  /** What is told of all that happens until `ms` from now, without what came with the fences. */
  const toldIn = async (ms: number): Promise<string[]> => {
    const end = performance.now() + ms;
    do {
      const mac = `02:00:00:99:${hex(fence >> 8)}:${hex(fence++ & 255)}`;
      await run(...fdb('replace', mac, `nfvx${FENCE}`), 'master', MARK);
      await tells(`mac/${FENCE}/${mac}`);
    } while (performance.now() < end);
    return [...told()].filter((key) => !key.startsWith(`mac/${FENCE}/`));
  };

  it('does not tell what was applied', async () => {
    host.changes.length = 0;
    assert.deepEqual(await toldIn(1300), []);
  });

  for (const [i, { title, act, keys }] of DRIFTS.entries()) {
    it(`tells: ${title}`, async () => {
      host.changes.length = 0;
      await act(run, placeOf(i), guest);
      await tells(...keys(placeOf(i)));
    });
  }

  it('does not tell what was changed, moved and removed on purpose', async () => {
    await run('ip', 'link', 'set', 'dev', 'u0', 'up', 'mtu', '1500');
    await toldIn(1100);
    const place = { vni: 500, port: 'vp500', eth: 'eth500' };
    const mac = '02:00:00:00:00:03';
    const base = [vtepItem(VTEP), ...itemsOf(place)];
    await host.converge(base);
    host.changes.length = 0;
    await host.converge([...base, macAt(500, mac, REMOTE), neighbor(500, '192.168.7.3', mac)]);
    await host.converge([macOf(500, mac, 'evp500'), neighbor(500, '192.168.7.3', LOCAL_MAC)]);
    await host.converge([macAt(500, mac, '10.1.0.3'), domain(500, VTEP, { mtu: 1300 })]);
    const all = [...base.slice(1), macAt(500, mac, '10.1.0.3'), neighbor(500, '192.168.7.3', mac)];
    for (const payload of all.reverse()) {
      const from = await host.seen(payload);
      await host.succeed([{ op: 'delete', key: keyOf(payload), from }]);
    }
    assert.deepEqual(await toldIn(1300), []);
  });

  it('tells of a foreign change right after what was applied', async () => {
    const place = { vni: 501, port: 'vp501', eth: 'eth501' };
    await host.converge([vtepItem(VTEP), ...itemsOf(place)]);
    host.changes.length = 0;
    await run('ip', 'link', 'set', 'dev', 'vp501', 'down');
    await tells('port/evp501');
  });

  it("does not tell of other people's links, neighbours and addresses", async () => {
    await toldIn(1100);
    host.changes.length = 0;
    await run('ip', 'link', 'add', 'name', 'strange', 'type', 'bridge');
    await run('ip', 'link', 'set', 'dev', 'strange', 'up');
    await run('ip', 'neigh', 'add', '10.2.0.7', 'lladdr', LOCAL_MAC, 'dev', 'u0');
    await run('ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'strange');
    await run('ip', 'link', 'del', 'dev', 'strange');
    // Routes come with addresses, and may be on the way to any VTEP.
    const others = (await toldIn(100)).filter((key) => !key.startsWith('tunnel/'));
    assert.deepEqual(others, []);
  });

  it('tells a key once a second at most, and the last change in any case', async () => {
    const place = { vni: 502, port: 'vp502', eth: 'eth502' };
    await host.converge([vtepItem(VTEP), ...itemsOf(place)]);
    await toldIn(1300);
    host.changes.length = 0;
    const start = performance.now();
    for (let i = 0; i < 41; i++) {
      await guest.ip('link', 'set', 'dev', 'eth502', i % 2 === 0 ? 'down' : 'up');
    }
    const seconds = (performance.now() - start) / 1000;
    await tells('port/evp502');
    await toldIn(1200);
    const times = host.changes.filter((keys) => keys !== 'unknown' && keys.has('port/evp502'));
    assert.ok(times.length >= 2 && times.length <= 2 + seconds, `${times.length} times`);
  });

  it('tells "unknown" when its monitor was away', async () => {
    const pids = await exec('pgrep', ['-P', String(host.pid), '-f', 'ip -o -d monitor']);
    const pid = Number(pids.stdout.trim());
    assert.ok(pid > 0, pids.stdout);
    process.kill(pid, 'SIGKILL');
    await eventually(() => host.changes.includes('unknown'), 3000);
    assert.ok(Array.isArray(await toldIn(0)));
  });
});
