/**
 * Programs that stand in for iproute2 and misbehave on demand. Each is a batch process as
 * lib/utils.c, do_batch has it: it counts lines, and tells failures as `Command failed -:LINE`.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = `#!/bin/bash
echo $$ >> "FOLDER/started"
[ -e "FOLDER/broken" ] && exit 1
line=0
failed() { echo "Command failed -:$line" >&2; }
guest() {
  [ "$1" = exec ] && [ "$2" != nowhere ] || {
    echo "Cannot open network namespace \\"$2\\": No such file or directory" >&2
    return 1
  }
  local at=0 verb rest
  while read -r verb rest; do
    at=$((at + 1))
    echo "$2: $verb $rest" >> "FOLDER/said"
    case "$verb" in
      json) echo "[\\"$rest\\"]" ;;
      fail) echo "RTNETLINK answers: File exists" >&2; echo "Command failed $7:$at" >&2; return 1 ;;
      hang) sleep 1000 & wait ;;
    esac
  done < "$7"
}
while read -r verb rest; do
  line=$((line + 1))
  echo "$verb $rest" >> "FOLDER/said"
  echo "$verb $rest" >> "FOLDER/said.$$"
  case "$verb" in
    ok|neigh) ;;
    netns) guest $rest || failed ;;
    json) echo "[\\"$rest\\"]" ;;
    text) printf '%s\\n' "$rest" ;;
    link) [[ $rest == show* ]] && echo '[]' ;;
    fail) echo "RTNETLINK answers: File exists" >&2; failed ;;
    stale) [ $line = 1 ] || { echo "RTNETLINK answers: No such device" >&2; failed; } ;;
    gone) echo "RTNETLINK answers: No such device" >&2; failed ;;
    unknown) echo 'Cannot find device "whatever"' >&2; failed ;;
    die) echo "RTNETLINK answers: No such file or directory" >&2; exit 2 ;;
    crash) exit 1 ;;
    killed) kill -KILL $$ ;;
    killed-once) [ -e "FOLDER/once" ] || { touch "FOLDER/once"; kill -KILL $$; } ;;
    hang) sleep 1000 & wait ;;
    noise) for i in 1 2 3; do echo "Warning: whatever $i" >&2; done ;;
    flood) yes 'Warning: whatever' | head -n 500000 >&2 ;;
    half-dead) printf '["ha'; exit 1 ;;
    half-slow) printf '["ha'; sleep 0.05; printf 'lf"]\\n' ;;
    half-hung) printf '["ha' ;;
    quiet) exec sleep 1000 ;;
    lie) echo "Command failed -:99999" >&2 ;;
    surplus) echo '["nobody asked"]' ;;
    endless) exec tr '\\\\0' x < /dev/zero ;;
    !) echo 'Object "!" is unknown, try "ip help".' >&2; failed ;;
    *) echo "Object \\"$verb\\" is unknown" >&2; failed ;;
  esac
done
`;

/** As `ip monitor`, which is told by its arguments what to do. */
const MONITOR = `#!/bin/bash
echo $$ >> "FOLDER/started"
case "$1" in
  lines) printf 'one\\ntw'; sleep 0.05; printf 'o\\nthree\\n' ;;
  warn) echo 'netlink receive error No buffer space available' >&2 ;;
  endless) exec tr '\\0' x < /dev/zero ;;
  die) exit 1 ;;
  die-once) [ -e "FOLDER/once" ] || { touch "FOLDER/once"; exit 1; } ;;
esac
exec sleep 1000
`;

export class FakeIproute2 {
  private constructor(readonly folder: string) {}

  static async create(...programs: string[]): Promise<FakeIproute2> {
    const fake = new FakeIproute2(await mkdtemp(join(tmpdir(), 'nfvd-iproute2-')));
    for (const program of programs) await fake.#write(program, SCRIPT);
    return fake;
  }

  /** An `ip` whose arguments say how it goes wrong as a monitor. */
  static async monitor(): Promise<FakeIproute2> {
    const fake = new FakeIproute2(await mkdtemp(join(tmpdir(), 'nfvd-iproute2-')));
    await fake.#write('ip', MONITOR);
    return fake;
  }

  async #write(program: string, script: string): Promise<void> {
    await writeFile(join(this.folder, program), script.replaceAll('FOLDER', this.folder));
    await chmod(join(this.folder, program), 0o755);
  }

  get searchPath(): string {
    return `${this.folder}:/usr/bin:/bin`;
  }

  /** Process ids in the order of their starts. */
  async started(): Promise<number[]> {
    return (await this.#lines('started')).map(Number);
  }

  /** All commands it was given, less what the protocol adds. */
  async said(): Promise<string[]> {
    return (await this.#lines('said')).map((line) => line.trim()).filter((line) => line !== '!');
  }

  /** The same for each process, in the order of their starts. */
  async saidByProcess(): Promise<string[][]> {
    const said = (await this.started()).map((pid) => this.#lines(`said.${pid}`));
    return Promise.all(said);
  }

  /** From now on it ends as soon as it is started. */
  async break(): Promise<void> {
    await writeFile(join(this.folder, 'broken'), '');
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #lines(name: string): Promise<string[]> {
    try {
      const text = await readFile(join(this.folder, name), 'utf8');
      return text.split('\n').filter((line) => line !== '');
    } catch {
      return [];
    }
  }
}
