/** A state machine as a page shows it: a Mermaid diagram, and tables of its states and events. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** One arrow: what makes the machine go from one state to another, or do something where it is. */
interface Transition {
  readonly from: AnyStateNode;
  /** "WELCOME", "after `backoff`", "at once". */
  readonly event: string;
  /** Empty: always. */
  readonly guard: string;
  /** Empty: it stays. */
  readonly targets: readonly AnyStateNode[];
  readonly actions: readonly string[];
  readonly description: string;
}

/** @throws Error where the machine has a guard, delay or action without a name. */
export function describeMachine(machine: AnyStateMachine): string {
  const nodes = [...descendants(machine.root)];
  const transitions = [machine.root, ...nodes].flatMap(transitionsOf);
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...drawState(machine.root, transitions, 1),
    '```',
    '',
    ...stateTable(nodes),
    '',
    ...eventTable(machine.root, transitions),
  ].join('\n');
}

function* descendants(node: AnyStateNode): Generator<AnyStateNode> {
  for (const child of childrenOf(node)) {
    yield child;
    yield* descendants(child);
  }
}

function childrenOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states);
}

function transitionsOf(node: AnyStateNode): Transition[] {
  const byEvent: AnyTransitionDefinition[] = [...node.transitions.values()].flat();
  return [...(node.always ?? []), ...byEvent].map((transition) => ({
    from: node,
    event: eventText(transition),
    guard: guardText(node, transition),
    targets: transition.target ?? [],
    actions: actionTexts(node, transition.actions),
    description: transition.description ?? '',
  }));
}

function eventText(transition: AnyTransitionDefinition & { readonly delay?: unknown }): string {
  const delay: unknown = transition.delay;
  const eventType = String(transition.eventType);
  if (delay !== undefined)
    return `after ${typeof delay === 'number' ? `${delay} ms` : nameOf(delay)}`;
  if (eventType === '') return 'at once';
  if (eventType === '*') return 'anything else';
  const [, what, which, name = ''] =
    /^xstate\.(done|error)\.(state|actor)\.(.*)$/.exec(eventType) ?? [];
  if (what === undefined) return eventType;
  const short = which === 'state' ? name.slice(name.lastIndexOf('.') + 1) : name;
  return `${short} ${what === 'done' ? 'is done' : 'failed'}`;
}

function guardText(node: AnyStateNode, { guard }: AnyTransitionDefinition): string {
  if (guard === undefined) return '';
  return named(node, 'guard', guard);
}

/** What xstate itself does for delays is not told. */
function actionTexts(node: AnyStateNode, actions: readonly unknown[]): string[] {
  return actions
    .filter((action) => !/^xstate\.(raise|cancel)$/.test(nameOf(action)))
    .map((action) => named(node, 'action', action));
}

function named(node: AnyStateNode, what: string, value: unknown): string {
  const name = nameOf(value);
  if (name !== '' && !name.startsWith('xstate.')) return name;
  throw new Error(`${node.id}: give the ${what} a name in setup()`);
}

/** xstate's own actions and guards are functions with a type; a name is a text, or an object's type. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const isThing = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const type: unknown = isThing ? Reflect.get(value, 'type') : undefined;
  return typeof type === 'string' ? type : '';
}

const idOf = (node: AnyStateNode): string => node.path.join('_');

/** The inside of a state, the root's being the whole diagram. */
function drawState(node: AnyStateNode, all: readonly Transition[], depth: number): string[] {
  const lines: string[] = [];
  for (const child of childrenOf(node)) {
    if (child.path.length > 1) lines.push(`state "${child.key}" as ${idOf(child)}`);
    if (childrenOf(child).length === 0) continue;
    lines.push(`state ${idOf(child)} {`, ...drawState(child, all, 1), '}');
  }
  const starts = node.type === 'parallel' ? childrenOf(node) : node.initial.target;
  for (const start of starts) lines.push(`[*] --> ${idOf(start)}`);
  // An arrow is drawn in the state that holds its beginning.
  const own = all.filter(({ from }) => from.parent === node && from !== node);
  for (const transition of own) lines.push(...arrows(idOf(transition.from), transition));
  if (node.parent === undefined) lines.push(...anywhere(node, all));
  for (const child of childrenOf(node)) {
    if (child.type === 'final') lines.push(`${idOf(child)} --> [*]`);
  }
  return lines.map((line) => '    '.repeat(depth) + line);
}

/** What holds in every state is drawn once. */
function anywhere(root: AnyStateNode, all: readonly Transition[]): string[] {
  const lines = all
    .filter(({ from }) => from === root)
    .flatMap((transition) => arrows('any_state', transition));
  return lines.length === 0 ? [] : ['state "any state" as any_state', ...lines];
}

function arrows(from: string, { event, guard, targets }: Transition): string[] {
  const label = guard === '' ? event : `${event} [${guard}]`;
  return targets.map((target) => `${from} --> ${idOf(target)}: ${label}`);
}

function stateTable(nodes: readonly AnyStateNode[]): string[] {
  return [
    '| state | what it is | on entry | on exit |',
    '|---|---|---|---|',
    ...nodes.map((node) =>
      row(
        code(node.path.join('.')),
        [node.description ?? '', node.type === 'final' ? 'The end.' : ''].filter(Boolean).join(' '),
        actionTexts(node, node.entry).map(code).join(', '),
        actionTexts(node, node.exit).map(code).join(', '),
      ),
    ),
  ];
}

function eventTable(root: AnyStateNode, transitions: readonly Transition[]): string[] {
  return [
    '| event | in | if | goes to | does |',
    '|---|---|---|---|---|',
    ...transitions.map(({ from, event, guard, targets, actions, description }) =>
      row(
        event,
        from === root ? 'any state' : code(from.path.join('.')),
        guard === '' ? '' : code(guard),
        targets.map((target) => code(target.path.join('.'))).join(', ') || 'stays',
        [actions.map(code).join(', '), description].filter(Boolean).join('. '),
      ),
    ),
  ];
}

const code = (text: string): string => `\`${text}\``;
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
