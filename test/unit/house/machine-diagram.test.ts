import assert from 'node:assert/strict';
import { createMachine, setup } from 'xstate';
import { describeMachine } from '../../support/machine-diagram.js';

const noop = (): void => undefined;

const kettle = setup({
  actions: { heat: noop, whistle: noop, tell: noop },
  guards: { isFull: () => true },
  delays: { boiling: 1000 },
}).createMachine({
  id: 'kettle',
  initial: 'cold',
  on: { BREAK: '.broken' },
  states: {
    cold: {
      description: 'Nobody wants tea.',
      on: { FILL: { actions: 'tell' }, START: { target: 'hot', guard: 'isFull' } },
    },
    hot: {
      initial: 'warming',
      entry: 'heat',
      exit: 'tell',
      onDone: 'cold',
      states: {
        warming: { after: { boiling: { target: 'boiled', actions: 'whistle' } } },
        boiled: { type: 'final' },
      },
      after: { 5000: 'broken' },
    },
    broken: { type: 'final' },
  },
});

describe("a machine's page", () => {
  it('shows states, events, guards, delays and actions', () => {
    assert.equal(
      describeMachine(kettle),
      `\`\`\`mermaid
stateDiagram-v2
    state hot {
        state "warming" as hot_warming
        state "boiled" as hot_boiled
        [*] --> hot_warming
        hot_warming --> hot_boiled: after boiling
        hot_boiled --> [*]
    }
    [*] --> cold
    cold --> hot: START [isFull]
    hot --> cold: hot is done
    hot --> broken: after 5000 ms
    state "any state" as any_state
    any_state --> broken: BREAK
    broken --> [*]
\`\`\`

| state | what it is | on entry | on exit |
|---|---|---|---|
| \`cold\` | Nobody wants tea. |  |  |
| \`hot\` |  | \`heat\` | \`tell\` |
| \`hot.warming\` |  |  |  |
| \`hot.boiled\` | The end. |  |  |
| \`broken\` | The end. |  |  |

| event | in | if | goes to | does |
|---|---|---|---|---|
| BREAK | any state |  | \`broken\` |  |
| FILL | \`cold\` |  | stays | \`tell\` |
| START | \`cold\` | \`isFull\` | \`hot\` |  |
| hot is done | \`hot\` |  | \`cold\` |  |
| after 5000 ms | \`hot\` |  | \`broken\` |  |
| after boiling | \`hot.warming\` |  | \`hot.boiled\` | \`whistle\` |`,
    );
  });

  it('asks for names', () => {
    const guard = createMachine({
      id: 'm',
      initial: 'a',
      on: { X: { guard: () => true, target: '.a' } },
      states: { a: {} },
    });
    assert.throws(() => describeMachine(guard), { message: 'm: give the guard a name in setup()' });
    const action = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { entry: () => undefined } },
    });
    assert.throws(() => describeMachine(action), {
      message: 'm.a: give the action a name in setup()',
    });
  });
});
