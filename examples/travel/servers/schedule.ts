import { readFileSync } from "node:fs";
import { z } from "zod";
import { dateField, toWeekday } from "./dates.ts";

const connectionsSchema = z.array(
  z.strictObject({
    number: z.string().regex(/^[A-Z0-9]+$/),
    airline: z.string(),
    from: z.string(),
    to: z.string(),
    departs: z.string(),
    arrives: z.string(),
    /** Of the week on which it flies; Monday is 1. */
    days: z.array(z.int().min(1).max(7)),
    /** In US dollars. */
    price: z.number().positive(),
  }),
);

const connections = connectionsSchema.parse(
  JSON.parse(readFileSync(new URL("schedule.json", import.meta.url), "utf8")),
);

/** One departure of a connection. Times are local ones. */
export const flightSchema = z.object({
  id: z.string(),
  airline: z.string(),
  from: z.string(),
  to: z.string(),
  date: z.string(),
  departs: z.string(),
  arrives: z.string(),
  price: z.number().describe("In US dollars."),
});
export type Flight = z.output<typeof flightSchema>;

export interface Wanted {
  readonly from: string;
  readonly to: string;
  readonly date: string;
  readonly below?: number | undefined;
}

/** The cheapest first. */
export function findFlights({ from, to, date, below = Infinity }: Wanted): readonly Flight[] {
  return connections
    .filter((each) => isSame(each.from, from) && isSame(each.to, to))
    .filter((each) => each.days.includes(toWeekday(date)) && each.price < below)
    .map((each) => toFlight(each, date))
    .toSorted((a, b) => a.price - b.price);
}

/** Null where no flight has this id. */
export function findFlight(id: string): Flight | null {
  const [, number, date = ""] = /^([A-Z0-9]+)-(\d{4}-\d{2}-\d{2})$/.exec(id) ?? [];
  if (!dateField.safeParse(date).success) return null;
  const found = connections.find(
    (each) => each.number === number && each.days.includes(toWeekday(date)),
  );
  return found === undefined ? null : toFlight(found, date);
}

function toFlight(connection: z.output<typeof connectionsSchema>[number], date: string): Flight {
  const { number, airline, from, to, departs, arrives, price } = connection;
  return { id: `${number}-${date}`, airline, from, to, date, departs, arrives, price };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.trim().toLowerCase();
}
