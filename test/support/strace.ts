/**
 * Runs a program under strace and answers what it did to some files, write by write, with the
 * bytes: what was synced when, and what was only in the page cache.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `begin` and `end` are instants: a system call was entered, and it returned. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

export interface TracedWrite extends Span {
  readonly kind: 'write';
  readonly file: string;
  readonly offset: number;
  readonly bytes: Buffer;
  /** On the disk when it returned (O_DSYNC). */
  readonly synced: boolean;
}

export interface TracedSync extends Span {
  readonly kind: 'sync';
  readonly file: string;
}

export type TracedCall = TracedWrite | TracedSync;

/** Why strace cannot be used here; undefined: it can. */
export async function straceReason(): Promise<string | undefined> {
  try {
    await promisify(execFile)('strace', ['-f', '--seccomp-bpf', '-e', 'trace=fsync', 'true']);
    return undefined;
  } catch (error) {
    return `strace does not run here: ${String(error).split('\n').slice(0, 2).join(' ')}`;
  }
}

/** All that may change a file or its reach; what the parser does not know fails it. */
const CALLS = [
  'openat,open,creat,close,dup,dup2,dup3,lseek,mmap,msync,ftruncate,fallocate,truncate',
  'write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,rename,renameat,renameat2',
  'sendfile,copy_file_range,splice,io_uring_enter',
].join(',');

/** Microseconds added to each fdatasync: what should wait for it and does not, shows. */
const SLOW_SYNC = 3000;

/** Runs node with `args`; `directory` is for the trace. Fails where the program does. */
export async function traceNode(
  args: readonly string[],
  files: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TracedCall[]> {
  const output = join(directory, 'trace');
  const options = [
    ...['-f', '--seccomp-bpf', '-xx', '-s', '4194304', '-o', output],
    ...['-e', `trace=${CALLS}`, '-e', `inject=fdatasync:delay_enter=${SLOW_SYNC}`],
    ...files.flatMap((file) => ['-P', file]),
  ];
  const child = spawn('strace', [...options, process.execPath, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await once(child, 'close');
  assert.equal(child.exitCode, 0, errors);
  return new Parser(files).parse(await readFile(output, 'latin1'));
}

/** What node did with `args` to files and directories: `call(arguments) = result`, with paths. */
export async function traceText(args: readonly string[], directory: string): Promise<string[]> {
  const output = join(directory, 'trace');
  const calls = 'trace=rename,renameat,renameat2,mkdir,write,pwrite64,writev,fsync,fdatasync';
  const options = ['-f', '-y', '--seccomp-bpf', '-s', '0', '-e', calls, '-o', output];
  await promisify(execFile)('strace', [...options, process.execPath, ...args]);
  const lines = (await readFile(output, 'latin1')).split('\n');
  return lines.map((line) => line.replace(/^\d+ +/, ''));
}

/** One system call, its two halves put together. */
interface Call extends Span {
  readonly name: string;
  readonly args: string;
  readonly result: number;
}

const BEGUN = /^(?<name>\w+)\((?<args>.*) <unfinished \.\.\.>$/;
const ENDED = /^(?<name>.*?)(\(| resumed>)(?<args>.*)\) += (?<result>-?\d+|\?|0x[0-9a-f]+)/;

function* callsOf(trace: string): Generator<Call> {
  const unfinished = new Map<string, Call>();
  for (const [i, line] of trace.split('\n').entries()) {
    const [pid = '', ...words] = line.split(/ +/);
    const text = words.join(' ');
    if (text === '' || text.startsWith('+++') || text.startsWith('---')) continue;
    const begun = parse(BEGUN, text, i);
    if (begun !== undefined) {
      unfinished.set(pid, begun);
      continue;
    }
    const ended = parse(ENDED, text, i) ?? assert.fail(`not understood: ${line.slice(0, 200)}`);
    if (!ended.name.startsWith('<...')) yield ended;
    else yield joined(unfinished.get(pid) ?? assert.fail('ends what did not begin'), ended);
  }
}

function parse(pattern: RegExp, text: string, at: number): Call | undefined {
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { name = '', args = '', result } = groups;
  return { name, args, result: Number(result), begin: at, end: at };
}

const joined = (begun: Call, ended: Call): Call => ({
  ...begun,
  args: begun.args + ended.args,
  result: ended.result,
  end: ended.end,
});

interface OpenFile {
  readonly file: string;
  readonly synced: boolean;
  readonly append: boolean;
  position: number;
}

const textOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');

class Parser {
  readonly #files: readonly string[];
  readonly #open = new Map<number, OpenFile>();

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  parse(trace: string): TracedCall[] {
    const calls: TracedCall[] = [];
    for (const call of callsOf(trace)) {
      if (call.result >= 0) calls.push(...this.#call(call));
    }
    return calls;
  }

  #call(call: Call): TracedCall[] {
    const fd = Number.parseInt(call.args, 10);
    const open = this.#open.get(fd);
    switch (call.name) {
      case 'openat':
        this.#opened(call);
        return [];
      case 'close':
        this.#open.delete(fd);
        return [];
      case 'mmap':
        assert.ok(!call.args.includes('PROT_WRITE'), 'writes through a map are not traced');
        return [];
      case 'lseek':
        if (open !== undefined) open.position = call.result;
        return [];
      case 'fsync':
      case 'fdatasync':
        return open === undefined ? [] : [{ ...spanOf(call), kind: 'sync', file: open.file }];
      case 'write':
      case 'writev':
      case 'pwrite64':
        return open === undefined ? [] : [writeOf(call, open)];
      default:
        return assert.fail(`the program did ${call.name}(${call.args.slice(0, 100)})`);
    }
  }

  #opened({ args, result }: Call): void {
    const [, hex = '', flags = ''] = /"([^"]*)", ([A-Z_|]+)/.exec(args) ?? [];
    const file = textOf(hex).toString();
    if (!this.#files.includes(file)) return;
    this.#open.set(result, {
      file,
      synced: /O_D?SYNC/.test(flags),
      append: flags.includes('O_APPEND'),
      position: 0,
    });
  }
}

const spanOf = ({ begin, end }: Call): Span => ({ begin, end });

function writeOf(call: Call, open: OpenFile): TracedWrite {
  const strings = [...call.args.matchAll(/"([^"]*)"/g)].map(([, hex = '']) => textOf(hex));
  const bytes = Buffer.concat(strings);
  assert.equal(bytes.length, call.result, 'a write that was cut short');
  const { file, synced } = open;
  const at = /, (\d+)$/.exec(call.args)?.[1];
  const offset = call.name === 'pwrite64' ? Number(at) : open.position;
  if (call.name !== 'pwrite64') open.position += bytes.length;
  return { ...spanOf(call), kind: 'write', file, offset, bytes, synced };
}
