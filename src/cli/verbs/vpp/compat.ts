import { z } from 'zod';
import { invalidField } from '../../../errors.js';
import { nearest } from '../../../model/nearest.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import type { Colour } from '../../style.js';
import { Table, type Cell } from '../../table.js';
import { examples, type Verb } from '../../verb.js';
import type { VppFeature, VppMessageState } from '../../vpp/access.js';
import { withVpp } from '../../vpp/connect.js';
import { dataFormatOption, DataFormat, render } from '../../data-format.js';

const Options = z.object({ output: DataFormat.default('table') });

/** Below `nfvctl vpp`. */
export const compatVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('compat')
    .summary('Says whether this VPP has what nfvd needs.')
    .description(
      'Says for each feature whether VPP has the messages that nfvd uses for it, in a form that nfvd knows. Exit status 1: something lacks.',
    )
    .argument('[feature...]', 'just these')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl vpp compat', 'nfvctl vpp compat vxlan bridge_domains'));
  define(command, (session, names, opts) => {
    const { output } = Options.parse(opts);
    return withVpp(session, vpp, async (connection) => {
      const features = chosen(connection.features(), names);
      const data = { features };
      await session.out.write(render(output, data, (wide) => tableOf(session, features, wide)));
      const isAllThere = features.every(({ status }) => status === 'ok');
      return isAllThere ? EXIT.ok.code : EXIT.different.code;
    });
  });
};

/** @throws NfvError INVALID_FIELD */
function chosen(all: readonly VppFeature[], names: readonly string[]): readonly VppFeature[] {
  if (names.length === 0) return all;
  return [...new Set(names)].map((name) => {
    const found = all.find((feature) => feature.name === name);
    if (found !== undefined) return found;
    const known = all.map((feature) => feature.name);
    const meant = nearest(name, known);
    const list = `give some of ${known.join(', ')}`;
    const remedy = meant === undefined ? list : `did you mean "${meant}"? ${list}`;
    throw invalidField('FEATURE', name, 'not a feature', remedy);
  });
}

const COLOURS: Readonly<Record<VppFeature['status'], Colour>> = {
  ok: 'green',
  missing: 'red',
  changed: 'red',
};

function tableOf({ paint }: Session, features: readonly VppFeature[], wide: boolean): string {
  const header = [
    'FEATURE',
    'STATUS',
    'MESSAGE',
    'IS',
    'MODULE',
    'KNOWN-CRC',
    'VPP-CRC',
    'DIFFERENCE',
    ...(wide ? ['USES'] : []),
  ];
  const rows = features.flatMap(({ name, status, uses, problems }) => {
    const first: Cell[] = [{ text: name }, { text: status, colour: COLOURS[status] }];
    const last = wide ? [uses.join(',')] : [];
    const note = status === 'ok' ? ' (optional)' : '';
    const told = problems.length === 0 ? [EMPTY] : problems.map((p) => problemCells(p, note));
    return told.map((cells) => [...first, ...[...cells, ...last].map((text) => ({ text }))]);
  });
  return new Table(header, paint).all(rows);
}

const EMPTY = ['', '', '', '', '', ''];

/** A feature that is ok can do without those that are not. */
function problemCells(problem: VppMessageState, note: string): string[] {
  const { name, module } = problem;
  const is = `${problem.status}${note}`;
  if (problem.status === 'ok') return [name, is, module, '', '', ''];
  const known = problem.known.join(',');
  if (problem.status === 'missing') return [name, is, module, known, '-', ''];
  return [name, is, module, known, problem.actual, problem.difference ?? 'unknown'];
}
