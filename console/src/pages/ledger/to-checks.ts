import type { ReceiptReport } from "../../../../src/ledger/verify-receipt.ts";

/** One thing that was computed, in words. A receipt of which anything fails proves nothing. */
export interface Check {
  readonly name: string;
  /** What was compared with what. */
  readonly means: string;
  readonly state: "holds" | "fails" | "void";
  readonly problems: readonly string[];
}

interface Leaf {
  readonly index: number;
  readonly path: number;
}

export function toChecks(report: ReceiptReport, text: string): readonly Check[] {
  const leaves = readLeaves(text);
  const kinds = [
    fileCheck,
    toSignatureCheck(report),
    ...leaves.map(toEntryCheck),
    callCheck,
    ...(report.passkeys.length > 0 || report.problems.some(({ place }) => isPasskey(place))
      ? [passkeyCheck]
      : []),
    openingCheck,
  ];
  return kinds.map(({ name, means }) => {
    const own = report.problems.filter(
      ({ place }) => (kinds.find((kind) => kind.owns(place)) ?? fileCheck).name === name,
    );
    const problems = own.map((problem) => `${problem.place}: ${problem.text}`);
    const state = problems.length > 0 ? "fails" : report.verified ? "holds" : "void";
    return { name, means, problems, state };
  });
}

interface CheckKind {
  readonly name: string;
  readonly means: string;
  /** Whether a problem of this place is one of this check. */
  readonly owns: (place: string) => boolean;
}

const isPasskey = (place: string): boolean => /^entry \d+, passkey/.test(place);

const fileCheck: CheckKind = {
  name: "The file",
  means: "It is a receipt of a version that is known, and nothing besides.",
  owns: (place) => place.startsWith("the receipt"),
};

function toSignatureCheck({ checkpoint, keys }: ReceiptReport): CheckKind {
  const signed =
    checkpoint === null
      ? "A key that is trusted has to have signed the root of the whole log."
      : `${keys.join(" and ")} signed the root of ${checkpoint.origin} at ${checkpoint.size} entries.`;
  return {
    name: "The signature of the checkpoint",
    means: signed,
    owns: (place) =>
      /^(?:the note|signature \d|the verifier key|the trusted|the checkp)/.test(place),
  };
}

function toEntryCheck({ index, path }: Leaf, at: number): CheckKind {
  const place = `entry ${at + 1}`;
  const way = path === 1 ? "one hash" : `${path} hashes`;
  return {
    name: `Entry ${at + 1}, at place ${index} of the log`,
    means: `Its bytes, hashed, lead over ${way} to the signed root: an inclusion proof.`,
    owns: (where) => (where === place || where.startsWith(`${place},`)) && !isPasskey(where),
  };
}

const callCheck: CheckKind = {
  name: "One call",
  means: "All entries name the same intent, server, tool and approval, in an order that can be.",
  owns: (place) => place === "the entries",
};

const passkeyCheck: CheckKind = {
  name: "The passkey",
  means: "It signed exactly this intent, after its authenticator had verified a person.",
  owns: isPasskey,
};

const openingCheck: CheckKind = {
  name: "What is shown",
  means: "Intent, arguments, result and approvers hash to the digests that the entries hold.",
  owns: (place) => /^(?:opening \d|the outcome)/.test(place),
};

/** As many entries as the file says it has; none where it cannot be read. */
function readLeaves(text: string): readonly Leaf[] {
  try {
    const { entries } = JSON.parse(text) as { entries: { index: unknown; path: unknown }[] };
    return entries.slice(0, mostLeaves).map(({ index, path }) => ({
      index: Number(index),
      path: Array.isArray(path) ? path.length : 0,
    }));
  } catch {
    return [];
  }
}

/** The verifier takes no more than this either. */
const mostLeaves = 100;
