import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { answer, refuse } from "./answers.ts";
import { dateField, readToday } from "./dates.ts";
import { findFlights, flightSchema } from "./schedule.ts";

const city = z.string().min(1).max(100);

// Standard output belongs to the protocol.
serveStdio(() => {
  const server = new McpServer(
    { name: "flights", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  server.registerTool(
    "search_flights",
    {
      title: "Search flights",
      description: "Finds the flights of one day between two cities, the cheapest first.",
      inputSchema: z.object({
        from: city.describe("City of departure, such as London."),
        to: city.describe("City of arrival, such as New York."),
        date: dateField.describe("Day of departure, such as 2026-11-24."),
        below: z.number().positive().optional().describe("Only flights that cost less US dollars."),
      }),
      outputSchema: z.object({ flights: z.array(flightSchema) }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    (wanted) => {
      const today = readToday();
      if (wanted.date < today) return refuse(`${wanted.date} is over: today is ${today}.`);
      return answer({ flights: findFlights(wanted) });
    },
  );
  return server;
});
