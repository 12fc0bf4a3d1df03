/** node dist/test/support/write-vpp-retvals.js HEADER, HEADER being VPP's vnet/error.h. */
import { readFileSync, writeFileSync } from 'node:fs';
import { RETVALS_FILE, retvalsSource } from './vpp-retvals.js';

const [header = '/usr/include/vnet/error.h'] = process.argv.slice(2);
writeFileSync(RETVALS_FILE, await retvalsSource(readFileSync(header, 'utf8')));
