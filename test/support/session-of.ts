/** The NVA's end of a session with one NVE, on a stream that the test holds. */
import { systemClock } from '../../src/model/clock.js';
import type { Item } from '../../src/model/item.js';
import { ItemSum } from '../../src/nva/compiler/item-sum.js';
import { EventLoopTurns } from '../../src/nva/sessions/event-loop-turns.js';
import { Progress } from '../../src/nva/sessions/progress.js';
import { Session } from '../../src/nva/sessions/session.js';
import type { NvaSideStream } from '../../src/rpc/session-service.js';
import { nullLog } from './null-log.js';

const ignore = (): void => undefined;

/** @param lacking what it should have and came without; absent: it is in step, with nothing */
export function sessionOf(
  stream: NvaSideStream,
  lacking?: readonly Item[],
  turns: Pick<EventLoopTurns, 'take'> = new EventLoopTurns(),
  heldRevision = 0,
): Session {
  const versions = new Map(lacking?.map(({ key, version }) => [key, version]));
  return new Session(
    {
      stream,
      nve: 'host-a',
      epoch: 1,
      progress: new Progress(ItemSum.of(lacking ?? []), (key) => versions.get(key)),
      heldRevision,
      log: nullLog,
      clock: systemClock,
      turns,
      events: {
        progressed: ignore,
        drifted: ignore,
        underlaysChanged: ignore,
        sighted: ignore,
        dataplaneChanged: ignore,
        hostChanged: ignore,
      },
    },
    stream.incoming[Symbol.asyncIterator](),
    1,
    lacking && { upserts: lacking, removes: [] },
  );
}
