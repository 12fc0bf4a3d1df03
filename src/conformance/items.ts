/** What the NVE is given: small, on a VNI that is the examiner's. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../model/item.js';
import type { Lab } from './lab.js';

/** An endpoint that there is not: what hangs on its port cannot be applied. */
const NOBODY = 'nfvd-conformance-nobody';

const FIRST_EXTRA = 8;

/** Its version is that of its content. */
export function itemOf(payload: Payload): Item {
  const version = createHash('sha256').update(canonicalJson(payload)).digest('hex').slice(0, 16);
  return { key: keyOf(payload), version, dependsOn: dependenciesOf(payload), payload };
}

export const vtep = ({ vtep: address }: Lab): Item => itemOf({ kind: 'vtep', address });

/** The `n`th bridge domain of the examiner. */
export function domain(lab: Lab, n = 0, mtu = 1400): Item {
  const vni = lab.options.vni + n;
  return itemOf({
    kind: 'bridge_domain',
    network: `nfvd-conformance-${n}`,
    vni,
    vtep: lab.vtep,
    learn: false,
    flood: true,
    arpSuppression: true,
    mtu,
    bumGroup: '',
  });
}

/** The `n`th of eight more bridge domains, for changes that are about nothing in particular. */
export const extra = (lab: Lab, n: number): Item => domain(lab, FIRST_EXTRA + n);

/** A MAC entry behind a port that there is not: it must be reported as failed. */
export function impossible(lab: Lab, n = 0): Item {
  return itemOf({
    kind: 'mac_entry',
    vni: lab.options.vni,
    mac: macOf(n),
    via: { kind: 'endpoint', endpoint: NOBODY },
  });
}

/** What most cases begin with. */
export const basis = (lab: Lab): Item[] => [vtep(lab), domain(lab), extra(lab, 0)];

function macOf(n: number): string {
  const digits = n.toString(16).padStart(8, '0').match(/../g) ?? [];
  return ['02', '00', ...digits].join(':');
}
