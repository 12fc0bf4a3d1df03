/**
 * node dist/test/support/pack-vpp-releases.js DIRECTORY: writes the fixture from `vYY.MM.json.gz`
 * files, each what `get_api_json` of that release answers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { FIXTURE, packReleases } from './vpp-releases.js';

const [directory = '.'] = process.argv.slice(2);
const releases = readdirSync(directory)
  .flatMap((file) => {
    const name = /^v(\d\d\.\d\d)\.json\.gz$/.exec(file)?.[1];
    if (name === undefined) return [];
    const text = gunzipSync(readFileSync(join(directory, file))).toString();
    return [{ name, modules: z.array(z.unknown()).parse(JSON.parse(text)) }];
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1));
writeFileSync(FIXTURE, gzipSync(packReleases(releases), { level: 9 }));
