/** What the verbs of `nfvctl host` print. */
import type { Blast, HostPlan } from '../../../model/host/plan.js';
import { describeStep } from '../../../model/host/steps.js';
import { orDash } from '../../columns.js';
import type { ShownPlan } from '../../host-access.js';
import type { Colour, Paint } from '../../style.js';
import { Table } from '../../table.js';

export type Row = readonly (string | readonly [text: string, colour: Colour])[];

/** A table with its title, or one line that says there is nothing. */
export function section(
  title: string,
  header: readonly string[],
  rows: readonly Row[],
  paint: Paint,
): string {
  if (rows.length === 0) return `${title}: none\n`;
  const cells = rows.map((row) =>
    row.map((cell) =>
      typeof cell === 'string'
        ? { text: orDash(cell) }
        : { text: orDash(cell[0]), colour: cell[1] },
    ),
  );
  const text = new Table(header, paint).all(cells);
  return `${title} (${rows.length}):\n${text.replace(/^(?=.)/gm, '  ')}`;
}

const EFFECTS: Readonly<Record<'blocks' | 'guarded' | 'warns', Colour>> = {
  blocks: 'red',
  guarded: 'red',
  warns: 'yellow',
};

export function planText({ plan, where }: ShownPlan, paint: Paint): string {
  const { steps, findings, hash } = plan;
  return [
    `Plan ${hash}\n`,
    section(
      'Steps',
      ['#', 'STEP', 'GOES AWAY'],
      steps.map(({ step, blast }, i) => [String(i + 1), describeStep(step), blastText(blast)]),
      paint,
    ),
    section(
      'Findings',
      ['EFFECT', 'CHECK', 'WHERE', 'REASON', 'REMEDY'],
      findings.map((finding) => [
        [finding.effect, EFFECTS[finding.effect]],
        finding.check,
        where(finding),
        finding.reason,
        finding.remedy,
      ]),
      paint,
    ),
    `Goes away while it lasts: ${orDash(blastText(plan.blast))}\n`,
  ].join('\n');
}

/** The plan as data: steps as they are in the journal, and in words. */
export function planData({ plan, where }: ShownPlan): object {
  const { steps, findings, blast, hash } = plan;
  return {
    hash,
    steps: steps.map((planned) => ({ text: describeStep(planned.step), ...planned })),
    findings: findings.map((finding) => ({ ...finding, where: where(finding) })),
    blast,
  };
}

function blastText({ netdevs, addresses, routes, vfs, links, consumers }: Blast): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['interfaces', netdevs],
    ['addresses', addresses],
    ['routes', routes],
    ['VFs', vfs],
    ['links', links],
    ['used by', consumers],
  ];
  return parts
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${name} ${list.join(', ')}`)
    .join('; ');
}

export function stepCount({ steps }: HostPlan): string {
  return steps.length === 1 ? '1 step' : `${steps.length} steps`;
}
