import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NfvError } from '../../../../../src/errors.js';
import { Isolation } from '../../../../../src/dataplane/linux/ports/isolation.js';
import { Sysctl } from '../../../../../src/host/sysctl.js';
import { FakeDoors } from '../../../../support/fake-doors.js';
import { MemoryLog } from '../../../../support/null-log.js';

/** As `tc -j filter show` of iproute2 6.1 prints them. */
const MATCHALL = [
  { protocol: 'all', pref: 1, kind: 'matchall', chain: 0 },
  {
    protocol: 'all',
    pref: 1,
    kind: 'matchall',
    chain: 0,
    options: { actions: [{ order: 1, kind: 'gact', control_action: { type: 'drop' } }] },
  },
];
const bpf = (insns: object, more: object = {}): object[] => [
  { protocol: 'all', pref: 1, kind: 'bpf', chain: 0 },
  {
    protocol: 'all',
    pref: 1,
    kind: 'bpf',
    chain: 0,
    options: { handle: '0x1', 'direct-action': true, bytecode: { length: 1, insns }, ...more },
  },
];
const RETURN_SHOT = { code: 6, jt: 0, jf: 0, k: 2 };
const RETURN_OK = { code: 6, jt: 0, jf: 0, k: 0 };
const NO_TALK = 'We have an error talking to the kernel\n';
const NO_CLASSIFIER = `Error: TC classifier not found.\n${NO_TALK}`;

describe('Isolation', () => {
  let root: string;
  let isolation: Isolation;
  let log: MemoryLog;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'nfvd-'));
    await mkdir(join(root, 'net/ipv4/conf/nfvb7'), { recursive: true });
    for (const [name, value] of [
      ['arp_ignore', '0'],
      ['rp_filter', '2'],
      ['forwarding', '1'],
    ] as const) {
      await writeFile(join(root, 'net/ipv4/conf/nfvb7', name), `${value}\n`);
    }
    log = new MemoryLog();
    isolation = new Isolation(new Sysctl(root), log);
  });

  afterEach(() => rm(root, { recursive: true }));

  const setting = async (name: string): Promise<string> =>
    (await readFile(join(root, 'net/ipv4/conf/nfvb7', name), 'utf8')).trim();

  it('drops what comes out of the bridge, and sets what there is to set', async () => {
    const doors = new FakeDoors();
    await isolation.isolate('nfvb7', doors.ip);
    assert.deepEqual(doors.said, [
      'ip qdisc add dev nfvb7 clsact',
      'ip filter replace dev nfvb7 ingress pref 1 handle 1 protocol all matchall action drop',
    ]);
    assert.deepEqual(await Promise.all(['arp_ignore', 'rp_filter', 'forwarding'].map(setting)), [
      '8',
      '1',
      '0',
    ]);
  });

  it('tells what is open', async () => {
    const doors = new FakeDoors();
    const open = await isolation.defects('nfvb7', doors.ip);
    assert.equal(open.length, 4);
    assert.match(open.join('; '), /ipv4 arp_ignore 0, not 8 \(never answer ARP/);
    await isolation.isolate('nfvb7', doors.ip);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), [
      'nfvb7: its frames are not kept from the host',
    ]);
    doors.answer(/filter show/, MATCHALL);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), []);
  });

  for (const [title, filters, drops] of [
    ['matchall and drop', MATCHALL, true],
    ['a program that drops', bpf([RETURN_SHOT]), true],
    ['a program that lets pass', bpf([RETURN_OK]), false],
    ['a program of more than one instruction', bpf([RETURN_SHOT, RETURN_SHOT]), false],
    ['a program that only classifies', bpf([RETURN_SHOT], { 'direct-action': false }), false],
    ['matchall for IPv4 only', MATCHALL.map((f) => ({ ...f, protocol: 'ip' })), false],
    ['matchall and another action', [{ ...MATCHALL[0], options: { actions: [{}] } }], false],
    ['matchall without an action', [MATCHALL[0]], false],
    ['another classifier', [{ ...MATCHALL[1], kind: 'u32' }], false],
    ['nothing', [], false],
  ] as const) {
    it(`${drops ? 'is content with' : 'misses a drop in'} ${title}`, async () => {
      const doors = new FakeDoors();
      await isolation.isolate('nfvb7', doors.ip);
      doors.answer(/filter show/, filters);
      assert.equal((await isolation.defects('nfvb7', doors.ip)).length, drops ? 0 : 1);
    });
  }

  it('misses the drop when the bridge has no clsact, or is gone', async () => {
    const doors = new FakeDoors().fail(/filter show/, "Error: Parent Qdisc doesn't exists.\n");
    await isolation.isolate('nfvb7', doors.ip);
    assert.equal((await isolation.defects('nfvb7', doors.ip)).length, 1);
  });

  it('is content with a clsact or ingress that is there', async () => {
    const doors = new FakeDoors().fail(/qdisc/, 'Error: Exclusivity flag on, cannot modify.\n');
    await isolation.isolate('nfvb7', doors.ip);
    assert.match(doors.said.at(-1) ?? '', /matchall/);
  });

  for (const [title, text] of [
    ['cls_matchall', NO_CLASSIFIER],
    ['act_gact', `Error: Failed to load TC action module.\n${NO_TALK}`],
    ['either, as an older kernel says it', 'RTNETLINK answers: No such file or directory\n'],
  ] as const) {
    it(`drops by a program where the kernel lacks ${title}, and keeps to it`, async () => {
      const doors = new FakeDoors().fail(/matchall/, text);
      await isolation.isolate('nfvb7', doors.ip);
      await isolation.isolate('nfvb8', doors.ip);
      const filters = doors.said.filter((line) => line.includes('filter replace'));
      assert.deepEqual(
        filters.map((line) => /dev (\w+) .*protocol all (\w+)/.exec(line)?.slice(1)),
        [
          ['nfvb7', 'matchall'],
          ['nfvb7', 'bpf'],
          ['nfvb8', 'bpf'],
        ],
      );
      assert.deepEqual(log.lines, []);
    });
  }

  for (const [title, match, text] of [
    ['classifier', /filter replace/, NO_CLASSIFIER],
    ['clsact', /qdisc/, `Error: Specified qdisc kind is unknown.\n${NO_TALK}`],
  ] as const) {
    it(`does without where the kernel lacks every ${title}: asks and tells only once`, async () => {
      const doors = new FakeDoors().fail(match, text);
      await isolation.isolate('nfvb7', doors.ip);
      const asked = doors.said.length;
      await isolation.isolate('nfvb7', doors.ip);
      assert.equal(doors.said.length, asked);
      assert.deepEqual(await isolation.defects('nfvb7', doors.ip), []);
      assert.equal(log.lines.length, 1);
      assert.match(log.lines[0]?.message ?? '', /cannot drop what comes out of a bridge/);
    });
  }

  it('does without where tc is not installed', async () => {
    const doors = new FakeDoors().answer(
      /qdisc|filter/,
      new NfvError('COMMAND_MISSING', 'cannot start tc: ENOENT'),
    );
    await isolation.isolate('nfvb7', doors.ip);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), []);
    assert.equal(log.lines.length, 1);
  });

  it('takes a bridge that is gone for no lack of the kernel', async () => {
    const doors = new FakeDoors().fail(/qdisc/, 'Cannot find device "nfvb7"\n');
    await assert.rejects(isolation.isolate('nfvb7', doors.ip), { code: 'KERNEL_REFUSED' });
    await isolation.isolate('nfvb8', new FakeDoors().ip);
    assert.equal((await isolation.defects('nfvb8', new FakeDoors().ip)).length, 1);
    assert.deepEqual(log.lines, []);
  });

  it('is an error where the kernel could', async () => {
    const doors = new FakeDoors();
    await isolation.isolate('nfvb7', doors.ip);
    doors.fail(/matchall/, NO_CLASSIFIER);
    await assert.rejects(isolation.isolate('nfvb7', doors.ip), { code: 'KERNEL_REFUSED' });
  });

  it('is an error without the privilege', async () => {
    const doors = new FakeDoors().fail(/qdisc/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(isolation.isolate('nfvb7', doors.ip), { code: 'NOT_PRIVILEGED' });
    const reading = new FakeDoors().answer(/show/, new NfvError('COMMAND_TIMEOUT', 'late'));
    await assert.rejects(isolation.defects('nfvb7', reading.ip), { code: 'COMMAND_TIMEOUT' });
  });
});
