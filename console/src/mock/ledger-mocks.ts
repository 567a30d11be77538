import book from "./ledger-book.json" with { type: "json" };
import type { MockAnswer, MockRoute } from "./mock-route.ts";
import { refuse } from "./refuse.ts";

// Signed by the ledger's own code under a key of the mock: what a page verifies, it really verifies.

const usualLimit = 50;

function listReceipts(query: Readonly<Record<string, string>>): MockAnswer {
  const after = query["after"];
  const start = after === undefined ? 0 : book.listed.findIndex(({ id }) => id === after) + 1;
  const rest = book.listed.slice(start);
  const page = rest.slice(0, Number(query["limit"] ?? usualLimit));
  const receipts = page.map(({ receipt: _receipt, ...summary }) => summary);
  const next = rest.length > page.length ? (page.at(-1)?.id ?? null) : null;
  return { body: { receipts, next } };
}

const log = { origin: book.origin, size: book.listed.length, checkpoint: book.checkpoint };

export const ledgerMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/receipts", answer: ({ query }) => listReceipts(query) },
  {
    method: "GET",
    path: "/v1/receipts/{id}",
    answer: ({ params }) => {
      const found = book.listed.find(({ id }) => id === params["id"]);
      const receipt = book.receipts[found?.receipt ?? -1];
      const isCall = found !== undefined && found.kind !== "gap" && found.kind !== "completion";
      if (receipt === undefined || !isCall)
        return refuse("not_found", `There is no receipt ${params["id"]}.`);
      return { body: receipt };
    },
  },
  {
    method: "GET",
    path: "/v1/ledger/checkpoint",
    answer: () => ({
      body: {
        state: "sound",
        reason: null,
        waiting: 0,
        keys: [book.key],
        ...log,
        epochs: [
          {
            ...log,
            epoch: 1,
            open: true,
          },
        ],
      },
    }),
  },
  {
    method: "GET",
    path: "/v1/ledger/consistency",
    answer: ({ query }) => {
      const { from, to, hashes } = book.proof;
      if (Number(query["from"] ?? from) !== from || Number(query["to"] ?? to) !== to)
        return refuse("request_invalid", `The mock can prove that ${from} goes on to ${to} alone.`);
      return { body: { origin: book.origin, from, to, proof: hashes } };
    },
  },
];
