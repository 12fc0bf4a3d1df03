import { compileFunction } from 'node:vm';
import { emitCheck } from './emit-check.js';
import { emitRead } from './emit-read.js';
import { emitPut } from './emit-put.js';
import { Emitter, type StructCode } from './emitter.js';
import type { Refuse } from './field-fault.js';
import type { StructLayout } from './layout.js';

/**
 * Makes and keeps the code of structs. It is source text, compiled: closures over field names read
 * every property through one shared, megamorphic access, and are several times slower. The text is
 * made of constants, numbers and names of letters, digits and "_" only; all else is passed by value.
 */
export class StructCompiler {
  readonly #compiled = new Map<StructLayout, StructCode>();

  constructor(private readonly refuse: Refuse) {}

  readonly codeOf = (layout: StructLayout): StructCode => {
    const known = this.#compiled.get(layout);
    if (known !== undefined) return known;
    const code = this.#compile(layout);
    this.#compiled.set(layout, code);
    return code;
  };

  #compile(layout: StructLayout): StructCode {
    const e = new Emitter();
    e.line('return {');
    e.line('check(v, p, d, a) {');
    emitCheck(e, layout, this.codeOf, this.refuse);
    e.line('},');
    e.line('put(b, o, v, a) {');
    emitPut(e, layout, this.codeOf);
    e.line('},');
    e.line('read(b, o, c, a) {');
    emitRead(e, layout, this.codeOf);
    e.line('},');
    e.line('};');
    const make = compileFunction(`'use strict';\n${e.code}`, [...e.parameters], {
      filename: `vpp-api/${layout.name}`,
    });
    const code: unknown = Reflect.apply(make, undefined, e.arguments);
    if (!isStructCode(code)) throw new TypeError(`no code for ${layout.name}`);
    return code;
  }
}

function isStructCode(code: unknown): code is StructCode {
  if (typeof code !== 'object' || code === null) return false;
  return 'check' in code && 'put' in code && 'read' in code;
}
