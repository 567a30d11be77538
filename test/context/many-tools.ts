const things = {
  charge: "a payment that was taken from a customer's card",
  refund: "money that goes back to a customer",
  payout: "money that goes to our own bank account",
  dispute: "a payment that a customer's bank has called into question",
  invoice: "what a customer is asked to pay",
  subscription: "a plan that a customer pays for again and again",
  customer: "who pays, with addresses and means of payment",
} as const;

const verbs = {
  create: "Makes",
  get: "Shows",
  list: "Lists, newest first, each being",
  update: "Changes",
  cancel: "Calls off",
  search: "Looks by words for",
  export: "Writes to a file, for bookkeeping,",
  annotate: "Attaches a remark to",
  archive: "Puts out of sight, but does not remove,",
  reconcile: "Compares with the bank's own list",
} as const;

const fields = [
  ["id", "Identifier, as the list shows it, with its prefix and all of its characters."],
  ["amount", "Amount in the smallest unit of the currency: 1999 stands for 19.99."],
  [
    "currency",
    "Three letters of ISO 4217 in lower case. It has to be one that the account settles in.",
  ],
  ["reason", "Why it is done, in a sentence that the customer may read on the statement."],
  ["expand", "Fields that are shown whole in the answer instead of by their identifier alone."],
  [
    "metadata",
    "Up to fifty keys with values of 500 characters, kept with it and shown in exports.",
  ],
  ["idempotency", "Text that makes the same request twice one request, for a day after the first."],
  ["starting_after", "Identifier after which the page begins; pages hold a hundred at most."],
  [
    "created_from",
    "Earliest moment of its creation, in RFC 3339 with an offset, that is included.",
  ],
  [
    "created_until",
    "Latest moment of its creation, in RFC 3339 with an offset, that is not included.",
  ],
  [
    "account",
    "Account of the connected merchant on whose behalf it is done, if it is not our own.",
  ],
  [
    "locale",
    "Language of what the customer is sent, as a tag of BCP 47; the account's own if absent.",
  ],
  ["notify", "Whether the customer is told by mail once it is done, in the words of the template."],
  [
    "approved_by",
    "Who has agreed to it where the account asks for a second person, by mail address.",
  ],
  [
    "dry_run",
    "Says what would be done and does nothing: limits and rights are looked at as usual.",
  ],
] as const;

/** Ten verbs for seven things, each with the arguments that such tools have: some 700 tokens each. */
export function listManyTools() {
  return Object.entries(things).flatMap(([thing, what]) =>
    Object.entries(verbs).map(([verb, does]) => ({
      name: `${thing}_${verb}`,
      description: `${does} ${what}. Answers with the ${thing} as it stands then.`,
      inputSchema: {
        type: "object" as const,
        properties: Object.fromEntries(
          fields.map(([name, says]) => [name, toField(name, `Of the ${thing}. ${says}`)]),
        ),
        required: ["id"],
      },
    })),
  );
}

function toField(name: string, description: string) {
  if (name === "amount")
    return { type: "integer", minimum: 1, maximum: 99_999_999, description } as const;
  if (name === "notify" || name === "dry_run")
    return { type: "boolean", default: false, description } as const;
  if (name === "expand")
    return {
      type: "array",
      items: { type: "string", enum: ["customer", "charge", "invoice", "balance"] },
      maxItems: 4,
      description,
    } as const;
  if (name === "metadata")
    return {
      type: "object",
      additionalProperties: { type: "string", maxLength: 500 },
      description,
    } as const;
  return { type: "string", minLength: 1, maxLength: 500, description } as const;
}
