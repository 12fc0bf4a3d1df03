/** Whatever is typed: a known exit status, one clear error, no fault of the program's own. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EXIT } from '../../../src/cli/exit-codes.js';
import { buildProgram } from '../../../src/cli/program.js';
import { connectVpp, openVppStats } from '../../../src/main/vpp-access.js';
import { CliWorld } from '../../support/cli-world.js';
import { connectTo, startNfvctl } from '../../support/cli.js';
import { settle } from '../../support/fake-clock.js';

const program = buildProgram(() => undefined, { write: () => undefined, columns: undefined });
const all = [program, ...program.commands, ...program.commands.flatMap((verb) => verb.commands)];
const VERBS = program
  .createHelp()
  .visibleCommands(program)
  .map((verb) => verb.name());
const VPP_VERBS = program.commands
  .filter((verb) => verb.name() === 'vpp')
  .flatMap((vpp) => vpp.commands.map((verb) => verb.name()));
const FLAGS = [
  ...new Set(
    all.flatMap((command) => command.options.flatMap((o) => [o.long ?? '', o.short ?? ''])),
  ),
].filter((flag) => flag !== '');

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FLAGS) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('network', 'nve', 'ep', 'networks,nves', 'all', 'vn/blue'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('blue', 'host-a', 'web-1', 'json', '1s', '0', '100', '-'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('10.0.0.1', 'state = ACTIVE', 'a=b', '', '--', '=', '/'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: 'binary' }) },
);
const verb = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...VERBS).map((name) => [name]) },
  { weight: 1, arbitrary: fc.constantFrom(...VPP_VERBS).map((name) => ['vpp', name]) },
);
const line = fc.tuple(verb, fc.array(word, { maxLength: 7 }));
/** Where no VPP is. */
const env = { NFVCTL_VPP_SOCKET: '/nowhere/api.sock', NFVCTL_VPP_LIBRARY: '/nowhere' };

const KNOWN = new Set<number>(Object.values(EXIT).map(({ code }) => code));

describe('nfvctl, whatever is typed', function () {
  this.timeout(60_000);

  it('ends with a known status, and with an error that says what is wrong', async () => {
    const property = fc.asyncProperty(line, async ([verbs, words]) => {
      const world = await CliWorld.create();
      const nva = { connect: connectTo(world.nva), clock: world.clock };
      const options = { ...nva, connectVpp, openVppStats, env };
      const running = startNfvctl([...verbs, ...words], options);
      const over = running.status.then(() => true);
      // Watches and waits go on until somebody ends them.
      for (let i = 0; i < 3; i++) {
        if (await Promise.race([over, settle().then(() => false)])) break;
      }
      running.interrupt();
      const status = await running.status;
      const { out, err } = { out: running.out.text, err: running.err.text };
      assert.ok(KNOWN.has(status), String(status));
      assert.doesNotMatch(err, /\(INTERNAL\)|\n\s+at /);
      // eslint-disable-next-line no-control-regex -- those are what must not be there
      assert.doesNotMatch(out + err, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      // Of many names each has its line; that of the one in error need not be the first.
      if (status >= 2 && status <= 8) assert.match(err, /^(error: |Usage: |no \w+ found)/m);
    });
    await fc.assert(property, { numRuns: 600 });
  });
});
