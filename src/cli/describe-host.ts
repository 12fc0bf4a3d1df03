/** Host profiles and what became of them, as `describe` tells it. Pure. */
import { ERROR_TABLE, isErrorCode } from '../errors.js';
import { hostProfileState, type HostProfileResource } from '../model/host-profile.js';
import { profileHash, type HostPhase, type HostStatus } from '../model/host/offer.js';
import { hostProfileColour, labelsText, listText } from './columns.js';
import { common, metaFields } from './describe-common.js';
import { fields, textTable, type DescribeContext, type Field } from './describe-text.js';
import { escapeText } from './escape.js';
import type { Colour } from './style.js';

const COLOURS: Partial<Record<HostPhase, Colour>> = {
  APPLIED: 'green',
  FAILED: 'red',
  AMBIGUOUS: 'red',
  PENDING: 'yellow',
  OFFERED: 'yellow',
  NOT_TAKEN: 'yellow',
  APPLYING: 'yellow',
  UNCONFIRMED: 'yellow',
  WAITING_FOR_REBOOT: 'yellow',
};

/** Of an NVE; none: its agent has said nothing. */
export function hostFields(status: HostStatus | undefined): Field[] {
  if (status === undefined) return [];
  const { profile, phase, wantedHash, appliedProfile, appliedHash, reasonCode, reason } = status;
  return [
    ['Host profile', profile],
    ['  Phase', phase, COLOURS[phase]],
    ...(reason === '' ? [] : ([['  Reason', reasonText(reason, reasonCode)]] as const)),
    ...(reasonCode === '' ? [] : ([['  Remedy', remedyOf(reasonCode)]] as const)),
    ['  Wanted', wantedHash],
    ['  Prepared with', appliedProfile === '' ? '' : `${appliedProfile} ${appliedHash}`],
  ];
}

export function describeHostProfile(
  { id, spec, status, meta }: HostProfileResource,
  context: DescribeContext,
): string {
  const state = hostProfileState(status);
  return [
    fields(context.paint, [
      ['Name', id],
      ...common(spec.displayName, spec.labels),
      ['State', state, hostProfileColour(state)],
      ['NVEs', listText(spec.nves)],
      ['NVE labels', labelsText(spec.nveLabels)],
      ['Selected', String(status.selected)],
      ['Applied', String(status.applied)],
      ['Hash', profileHash(spec.profile)],
      ...metaFields(meta, context),
    ]),
    textTable(
      'Hosts',
      ['NVE', 'PHASE', 'REASON', 'REMEDY'],
      status.targets.map(({ nve, phase, reasonCode, reason }) => [
        nve,
        phase,
        reasonText(reason, reasonCode),
        remedyOf(reasonCode),
      ]),
      context,
    ),
    `Profile:\n${indented(spec.profile)}`,
  ].join('\n');
}

function reasonText(reason: string, code: string): string {
  return code === '' ? reason : `${reason} (${code})`;
}

/** A newer NVE may know codes that this program does not. */
function remedyOf(code: string): string {
  return isErrorCode(code) ? ERROR_TABLE[code].remedy : '';
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '\n' : `  ${escapeText(line)}\n`))
    .join('');
}
