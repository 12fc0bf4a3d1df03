import { catalogueLayers, catalogueText } from './vpp-catalogue.js';
import { vppReleases } from './vpp-releases.js';
import { messagesText } from './vpp-types.js';

/** Path and text of every file in src/vpp-api/generated. */
export function generatedFiles(): (readonly [path: string, text: string])[] {
  const layers = catalogueLayers(vppReleases());
  return [
    ['src/vpp-api/generated/catalogue.ts', catalogueText(layers)],
    ['src/vpp-api/generated/messages.ts', messagesText(layers)],
  ];
}
