import { access } from 'node:fs/promises';
import { readCatalogue } from '../schema/catalogue.js';
import { INSTALLED, loadInstalled } from '../schema/load-installed.js';
import type { SchemaFallback } from './bind.js';

/**
 * The definitions that VPP's package has installed; none if there is no such directory. `load` fails
 * with VPP_SCHEMA_INVALID or FILE_UNREADABLE for one that is broken.
 */
export function installed(directory: string = INSTALLED): SchemaFallback {
  return {
    source: 'installed',
    load: async () => {
      try {
        await access(directory);
      } catch {
        return undefined;
      }
      return await loadInstalled(directory);
    },
  };
}

/** The definitions that come with this client: of the product's messages, in all known releases. */
export function bundled(): SchemaFallback {
  return {
    source: 'bundled',
    load: (messageTable) => Promise.resolve(readCatalogue().schemaFor(messageTable)),
  };
}
