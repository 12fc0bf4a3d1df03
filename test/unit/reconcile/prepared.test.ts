import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import type { Payload } from '../../../src/model/item.js';
import { Ledger } from '../../../src/reconcile/ledger.js';
import type { Hold, Plan } from '../../../src/reconcile/plan-types.js';
import { PreparedPlan } from '../../../src/reconcile/prepared.js';
import { surveyAll, surveyKeys, type Observe } from '../../../src/reconcile/survey.js';
import { bridgeDomain, itemOf, itemsOf, randomPayloads, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { outline, planFor } from '../../support/plans.js';

const NEVER = new AbortController().signal;
const wanted = [vtep(), bridgeDomain(10)];
const VTEP = 'vtep/10.0.0.1';
const DOMAIN = 'bd/10';

/** A ledger, a dataplane that has nothing, and the plan made for that. */
class Away {
  readonly dataplane = new MemoryDataplane();
  readonly ledger = new Ledger(this.dataplane.traits);
  readonly prepared = new PreparedPlan();
  readonly holds = new Map<string, Hold>();
  readonly observe: Observe = (scope, items) => this.dataplane.observe(scope, items, NEVER);

  constructor(
    payloads: readonly Payload[],
    readonly complete = true,
  ) {
    for (const payload of payloads) this.ledger.want(itemOf(payload));
    this.make();
  }

  make(): void {
    this.prepared.make(this.ledger, this.complete, this.dataplane.traits);
  }

  /** It is back. */
  async take(complete = this.complete): Promise<Plan | undefined> {
    const survey = await surveyAll(this.ledger, this.dataplane.traits, this.observe);
    return this.prepared.take(survey, this.holds, this.ledger, complete);
  }
}

describe('a plan made while the dataplane is away', () => {
  it('is the one that would be made when it is back with nothing', async () => {
    await fc.assert(
      fc.asyncProperty(randomPayloads, fc.boolean(), async (payloads, complete) => {
        const away = new Away(payloads, complete);
        const made = await planFor(new MemoryDataplane(), itemsOf(...payloads), { complete });
        const taken = await away.take();
        assert.ok(taken);
        assert.deepEqual(taken, made);
        assert.equal(taken.hash, made.hash);
      }),
    );
  });

  const others: Record<string, (away: Away) => void> = {
    'something is there': ({ dataplane }) => {
      dataplane.put(vtep(), VTEP);
    },
    'something foreign is in the way': ({ dataplane }) => {
      dataplane.foreign.add(VTEP);
    },
    'something is to be left alone': ({ holds }) => {
      holds.set(DOMAIN, new NfvError('KERNEL_REFUSED', 'no'));
    },
    'something more is wanted': ({ ledger }) => {
      ledger.want(itemOf(bridgeDomain(20)));
    },
    'something is wanted otherwise': ({ ledger }) => {
      ledger.want(itemOf(bridgeDomain(10, { mtu: 1400 })));
    },
    'something is not wanted any more': ({ ledger }) => {
      ledger.unwant(DOMAIN);
    },
  };
  for (const [title, change] of Object.entries(others)) {
    it(`is of no use when ${title}`, async () => {
      const away = new Away(wanted);
      change(away);
      assert.equal(await away.take(), undefined);
    });
  }

  it('is of no use when it is known since that all that is wanted is there', async () => {
    assert.equal(await new Away(wanted, false).take(true), undefined);
  });

  it('is kept when the same is wanted again, and made anew when another is', async () => {
    const away = new Away(wanted);
    away.ledger.want(itemOf(vtep()));
    away.ledger.unwant('bd/77');
    const plan = await away.take();
    assert.deepEqual(plan && outline(plan), [`create ${VTEP}`, `create ${DOMAIN}`]);
    away.make();
    away.ledger.want(itemOf(bridgeDomain(20)));
    away.make();
    assert.equal((await away.take())?.waves.flat().length, 3);
  });

  it('is kept for a pass over everything, and given up with that', async () => {
    const away = new Away(wanted);
    const { dataplane, ledger, prepared, holds, observe } = away;
    const some = await surveyKeys([VTEP], ledger, dataplane.traits, observe);
    assert.equal(prepared.take(some, holds, ledger, true), undefined);
    assert.ok(await away.take());
    assert.equal(await away.take(), undefined);
  });
});
