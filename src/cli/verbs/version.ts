import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT } from '../exit-codes.js';
import { API_VERSION } from '../manifest/schema.js';
import type { Verb } from '../verb.js';

const Package = z.object({ version: z.string() });

export const versionVerb: Verb = (program, define) => {
  const command = program.command('version').description('Says which nfvctl this is.');
  define(command, async ({ out }) => {
    await out.write(await versionText());
    return EXIT.ok.code;
  });
};

/** One line. */
export async function versionText(): Promise<string> {
  const text = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8');
  const { version } = Package.parse(JSON.parse(text));
  return `nfvctl ${version} (API ${API_VERSION})\n`;
}
