/** What the bench and its processes of NVEs say to each other. */
import { z } from 'zod';

const orderSchema = z.discriminatedUnion('kind', [
  /** Begin sessions, each with a connection of its own. `bare`: streams that only echo. */
  z.object({
    kind: z.literal('connect'),
    socket: z.string(),
    names: z.array(z.string()),
    bare: z.boolean(),
  }),
  /** Answer when each NVE holds all that it should. */
  z.object({ kind: z.literal('await_in_step') }),
  /** Cut the connection of one, or with no name all at once. */
  z.object({ kind: z.literal('cut'), name: z.string() }),
  /** One of them loses all it holds, and its connection. */
  z.object({ kind: z.literal('forget'), name: z.string() }),
  /** Tell what each has received. */
  z.object({ kind: z.literal('traffic') }),
]);

const trafficSchema = z.object({
  /** Bytes of the connections, HTTP/2 and keepalives included. */
  received: z.number(),
  sent: z.number(),
  deltas: z.number(),
  items: z.number(),
});

export type Order = z.infer<typeof orderSchema>;
/** Of one NVE, since it was made. */
export type Traffic = z.infer<typeof trafficSchema>;

const orderedSchema = z.object({ id: z.int(), order: orderSchema });
const answerSchema = z.object({
  id: z.int(),
  traffic: z.record(z.string(), trafficSchema),
  error: z.string(),
});

export const parseOrder = (message: unknown): z.infer<typeof orderedSchema> =>
  orderedSchema.parse(message);
export type Answer = z.infer<typeof answerSchema>;
export const parseAnswer = (message: unknown): Answer => answerSchema.parse(message);
