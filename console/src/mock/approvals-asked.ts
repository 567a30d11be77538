import type { Approval } from "../../../src/client/client.ts";
import { ago, mockDigest, mockId } from "./mock-world.ts";

const minuteMs = 60_000;

type Told = Pick<Approval, "server" | "tool" | "args"> & Partial<Approval>;

let made = 0;

/** An ordinary approval but for what is told of it. */
function toApproval(told: Told): Approval {
  made += 1;
  const id = mockId(900 + made);
  return {
    id,
    digest: mockDigest(900 + made),
    url: `http://localhost:7070/approvals/${id}`,
    state: "pending",
    method: "tools/call",
    target: `${told.server}__${told.tool}`,
    toolset: "",
    effect: "write",
    outward: false,
    labels: ["trusted"],
    description: null,
    rules: [{ rule: "writes-ask", text: "What changes something is looked at by a person." }],
    approvers: [{ who: "role:approver", quorum: 1, passkey: false, have: 0 }],
    requester: { kind: "service", subject: "office", agent: null },
    claim: null,
    facts: [],
    lastApproved: null,
    reach: { transport: "http", hosts: [`${told.server}.example:443`], credential: "static" },
    verdicts: [],
    createdAt: ago(3 * minuteMs),
    expiresAt: ago(-57 * minuteMs),
    holds: true,
    erased: false,
    ...told,
  };
}

/** What waits in the mock, the oldest first: each shows another part of the page. */
export const mockApprovals: readonly Approval[] = [
  toApproval({
    server: "bank",
    tool: "transfer",
    outward: true,
    labels: ["untrusted", "confidential"],
    description: "Moves money from the house's account to another one.",
    args: {
      amount: "4200.00",
      currency: "EUR",
      reference: "Invoice 2026-0117",
      to: { iban: "DE89 3704 0044 0532 0130 00", name: "Nort\u04bb Supplies" },
    },
    lastApproved: {
      id: mockId(880),
      at: ago(26 * 60 * minuteMs),
      args: {
        amount: "1200.00",
        currency: "EUR",
        reference: "Invoice 2026-0093",
        to: { iban: "DE89 3704 0044 0532 0130 00", name: "North Supplies" },
      },
    },
    rules: [
      { rule: "transfer-ask", text: "Finance and a second person look at transfers above 500." },
      { rule: "untrusted-outward", text: "What has read untrusted text sends nothing unseen." },
    ],
    approvers: [{ who: "role:finance", quorum: 2, passkey: false, have: 1 }],
    requester: { kind: "user", subject: "grace", agent: "bookkeeper" },
    claim: "The invoice is due today, and Grace agreed on the phone.\u200b",
    facts: [
      { key: "invoice:2026-0117", value: "open, 4200.00 EUR, due 2026-11-22" },
      { key: "account:balance", value: "18 204.11 EUR" },
    ],
    verdicts: [
      {
        word: "approved",
        approver: "linus",
        reason: "The amount is that of the invoice.",
        at: ago(4 * minuteMs),
        passkey: false,
      },
    ],
    createdAt: ago(11 * minuteMs),
    expiresAt: ago(-49 * minuteMs),
  }),
  toApproval({
    server: "calendar",
    tool: "create_event",
    args: {
      attendees: ["grace@example.com", "linus@example.com"],
      start: "2026-11-26T09:00:00+01:00",
      title: "Quarterly review",
    },
    requester: { kind: "user", subject: "grace", agent: "travel" },
    claim: "Grace asked for the next free hour.",
    createdAt: ago(7 * minuteMs),
  }),
  toApproval({
    server: "files",
    tool: "delete_folder",
    effect: "destructive",
    args: { path: "/exports/2025", recursive: true },
    rules: [{ rule: "destructive-ask", text: "Destruction is decided by a person." }],
    approvers: [{ who: "role:approver", quorum: 1, passkey: true, have: 0 }],
    requester: { kind: "service", subject: "nightly-tidy", agent: "tidy" },
    reach: { transport: "stdio", hosts: [], credential: null },
    createdAt: ago(5 * minuteMs),
    expiresAt: ago(-1.5 * minuteMs),
  }),
  toApproval({
    server: "mail",
    tool: "send",
    outward: true,
    labels: ["untrusted"],
    args: {
      body: "Hello,\n\nplease find the offer attached.\n",
      subject: "Invoice \u202efdp.exe",
      to: "sales@\u0430pple.example",
    },
    requester: { kind: "service", subject: "desk", agent: "answers" },
    createdAt: ago(2 * minuteMs),
  }),
  toApproval({
    server: "tickets",
    tool: "close",
    args: { comment: "Solved by the update of Tuesday.", ticket: 4_117 },
    requester: { kind: "user", subject: "ada", agent: "desk" },
    createdAt: ago(minuteMs),
  }),
];
