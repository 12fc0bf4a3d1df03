/** NVEs, or bare streams, in processes of their own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseAnswer, type Answer, type Order, type Traffic } from './messages.js';

const PROCESS = fileURLToPath(new URL('./nves-process.js', import.meta.url));
const TIMEOUT_MS = 600_000;

interface Member {
  readonly child: ChildProcess;
  readonly open: Map<number, (answer: Answer) => void>;
}

export class Fleet {
  readonly #members: readonly Member[];
  #next = 0;

  /** @param processes how many there are */
  constructor(processes: number) {
    this.#members = Array.from({ length: processes }, () => {
      const child = fork(PROCESS);
      const open: Member['open'] = new Map();
      child.on('message', (message) => {
        const answer = parseAnswer(message);
        open.get(answer.id)?.(answer);
        open.delete(answer.id);
      });
      return { child, open };
    });
  }

  /** They begin to connect, and connect again whenever they lose it. */
  async connect(socket: string, names: readonly string[], bare = false): Promise<void> {
    const shares = this.#members.map((_, n) => {
      return names.filter((_name, i) => i % this.#members.length === n);
    });
    await Promise.all(
      this.#members.map((member, n) =>
        this.#ask(member, { kind: 'connect', socket, names: shares[n] ?? [], bare }),
      ),
    );
  }

  /** Until each of them holds all that it should. */
  async inStep(): Promise<void> {
    await this.#all({ kind: 'await_in_step' });
  }

  /** The connection of one breaks, or that of each. */
  async cut(name = ''): Promise<void> {
    await this.#all({ kind: 'cut', name });
  }

  async forget(name: string): Promise<void> {
    await this.#all({ kind: 'forget', name });
  }

  /** What each has received since it was made. */
  async traffic(): Promise<ReadonlyMap<string, Traffic>> {
    const answers = await this.#all({ kind: 'traffic' });
    return new Map(answers.flatMap(({ traffic }) => Object.entries(traffic)));
  }

  #all(order: Order): Promise<Answer[]> {
    return Promise.all(this.#members.map((member) => this.#ask(member, order)));
  }

  async #ask({ child, open }: Member, order: Order): Promise<Answer> {
    const id = ++this.#next;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const fail = (why: string): void => {
        reject(new Error(`${order.kind}: ${why}`));
      };
      const timer = setTimeout(fail, TIMEOUT_MS, `no answer for ${TIMEOUT_MS / 1000} s`);
      const ended = (): void => {
        fail('the NVEs ended');
      };
      child.once('exit', ended);
      open.set(id, (told) => {
        clearTimeout(timer);
        child.off('exit', ended);
        resolve(told);
      });
      child.send({ id, order });
    });
    if (answer.error !== '') throw new Error(`${order.kind}: ${answer.error}`);
    return answer;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.disconnect();
        await ended;
      }),
    );
  }
}
