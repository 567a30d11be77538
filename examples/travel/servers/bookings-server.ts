import { randomInt } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { answer, readKey, refuse } from "./answers.ts";
import { readToday } from "./dates.ts";
import type { Journal } from "./journal.ts";
import { findFlight, flightSchema } from "./schedule.ts";

const passengerField = z.string().trim().min(1).max(200);

/** A line of bookings.jsonl. */
export const bookingEntrySchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("booked"),
    id: z.string(),
    key: z.string().optional(),
    flight: flightSchema,
    passenger: z.string(),
  }),
  z.strictObject({ kind: z.literal("cancelled"), id: z.string(), key: z.string().optional() }),
]);
type BookingEntry = z.output<typeof bookingEntrySchema>;

const bookingSchema = z.object({
  id: z.string(),
  status: z.enum(["confirmed", "cancelled"]),
  flight: flightSchema,
  passenger: z.string(),
});
type Booking = z.output<typeof bookingSchema>;

const id = z.string().min(1).max(64).describe("Id of the booking.");
const one = z.object({ booking: bookingSchema });

/** Books, and remembers in a journal. */
export function createBookingsServer(journal: Journal<BookingEntry>): McpServer {
  const server = new McpServer(
    { name: "bookings", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  offerReads(server, journal);
  offerEffects(server, journal);
  return server;
}

function offerReads(server: McpServer, journal: Journal<BookingEntry>): void {
  const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
  server.registerTool(
    "get_booking",
    {
      title: "Look up a booking",
      description: "Shows one booking.",
      inputSchema: z.object({ id }),
      outputSchema: one,
      annotations,
    },
    ({ id: wanted }) => {
      const booking = findBooking(journal, wanted);
      return booking === undefined ? refuseUnknown(wanted) : answer({ booking });
    },
  );
  server.registerTool(
    "list_bookings",
    {
      title: "List bookings",
      description: "Shows all bookings, the oldest first.",
      inputSchema: z.object({}),
      outputSchema: z.object({ bookings: z.array(bookingSchema) }),
      annotations,
    },
    () => answer({ bookings: listBookings(journal) }),
  );
}

function offerEffects(server: McpServer, journal: Journal<BookingEntry>): void {
  server.registerTool(
    "book_flight",
    {
      title: "Book a flight",
      description: "Books a seat on a flight for one passenger, and charges its price.",
      inputSchema: z.object({
        flight: z.string().min(1).max(64).describe("Id of the flight, as the search gives it."),
        passenger: passengerField.describe("Name of the passenger."),
      }),
      outputSchema: one,
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    ({ flight, passenger }, context) => book(journal, { flight, passenger, key: readKey(context) }),
  );
  server.registerTool(
    "cancel_booking",
    {
      title: "Cancel a booking",
      description: "Cancels a booking and pays its price back. To cancel it again changes nothing.",
      inputSchema: z.object({ id }),
      outputSchema: one,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    },
    ({ id: wanted }) => {
      const booking = findBooking(journal, wanted);
      if (booking === undefined) return refuseUnknown(wanted);
      if (booking.status === "confirmed") journal.append({ kind: "cancelled", id: wanted });
      return answer({ booking: { ...booking, status: "cancelled" } });
    },
  );
}

function refuseUnknown(wanted: string) {
  return refuse(`There is no booking ${wanted}.`);
}

interface Wish {
  readonly flight: string;
  readonly passenger: string;
  readonly key: string | undefined;
}

function book(journal: Journal<BookingEntry>, wish: Wish) {
  const known = findByKey(journal, wish.key);
  if (known !== undefined) return toRepeated(known, wish);
  const flight = findFlight(wish.flight);
  if (flight === null) return refuse(`There is no flight ${wish.flight}.`);
  if (flight.date < readToday()) return refuse(`The flight ${wish.flight} has left.`);
  const booking: Booking = {
    id: makeId(),
    status: "confirmed",
    flight,
    passenger: wish.passenger,
  };
  const { status: _, ...rest } = booking;
  journal.append({ kind: "booked", ...rest, ...(wish.key !== undefined && { key: wish.key }) });
  // Another process may have written the same key a moment before.
  const first = findByKey(journal, wish.key);
  return first === undefined ? answer({ booking }) : toRepeated(first, wish);
}

/** The same answer as the first time, unless the key stands for something else. */
function toRepeated(booking: Booking, { flight, passenger }: Wish) {
  return booking.flight.id === flight && booking.passenger === passenger
    ? answer({ booking })
    : refuse(`This key was used for booking ${booking.id}, which is another one.`);
}

function findByKey(journal: Journal<BookingEntry>, key: string | undefined): Booking | undefined {
  if (key === undefined) return undefined;
  const entry = journal.read().find((each) => each.key === key);
  return entry === undefined ? undefined : findBooking(journal, entry.id);
}

function findBooking(journal: Journal<BookingEntry>, wanted: string): Booking | undefined {
  return listBookings(journal).find((each) => each.id === wanted);
}

function listBookings(journal: Journal<BookingEntry>): readonly Booking[] {
  const bookings = new Map<string, Booking>();
  for (const entry of journal.read()) {
    const known = bookings.get(entry.id);
    if (entry.kind === "booked") {
      const { id: own, flight, passenger } = entry;
      bookings.set(own, { id: own, status: "confirmed", flight, passenger });
    } else if (known !== undefined) bookings.set(entry.id, { ...known, status: "cancelled" });
  }
  return [...bookings.values()];
}

/** Without letters and digits that people take for each other. */
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

function makeId(): string {
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
}
