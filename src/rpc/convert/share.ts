/** A page of what a replica adds to the statistics of all, on the wire. */
import { formatName, requireName } from '../../model/names.js';
import type { SharePage } from '../../model/replica.js';
import type {
  ReadShareResponse,
  ReadShareResponse__Output,
} from '../gen/nfv/v1/ReadShareResponse.js';
import { fromInteger } from './common.js';
import { nveFromWire, nveToWire } from './observation.js';

export function shareToWire(share: SharePage): ReadShareResponse {
  return {
    watchers: share.watchers,
    attaches_open: share.attachesUnderWay,
    attach_us: share.attachMs.map(toMicroseconds),
    nves: share.nves.map(({ nve, statistics, attachMs }) => ({
      nve: formatName('nves', nve),
      attach_us: attachMs.map(toMicroseconds),
      ...(statistics === undefined ? {} : { statistics: nveToWire(statistics) }),
    })),
    next_page_token: share.nextPageToken,
  };
}

export function shareFromWire(wire: ReadShareResponse__Output): SharePage {
  return {
    watchers: wire.watchers,
    attachesUnderWay: wire.attaches_open,
    attachMs: wire.attach_us.map(fromMicroseconds),
    nves: wire.nves.map(({ nve, statistics, attach_us }) => ({
      nve: requireName('nves', nve),
      statistics: statistics === null ? undefined : nveFromWire(statistics),
      attachMs: attach_us.map(fromMicroseconds),
    })),
    nextPageToken: wire.next_page_token,
  };
}

const toMicroseconds = (ms: number): number => Math.round(ms * 1000);
const fromMicroseconds = (us: number): number => fromInteger('attach_us', us) / 1000;
