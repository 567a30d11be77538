import { createSeededRandom } from "../../src/ports/seeded-random.ts";

export interface Document {
  readonly key: string;
  readonly text: string;
  readonly topic: string;
  readonly facet: string;
}

export type QueryKind = "exact" | "misspelt" | "stems" | "identifier";

export interface Query {
  readonly kind: QueryKind;
  readonly text: string;
  /** 3: what is looked for; 2: the same matter; 1: the same topic. Others are of no use. */
  readonly grades: ReadonlyMap<string, number>;
}

/** A matter of a topic: words as documents have them, and the same in other forms. */
interface Facet {
  readonly words: readonly [string, string, string];
  readonly bent: readonly [string, string, string];
}

const topics: Readonly<Record<string, Readonly<Record<string, Facet>>>> = {
  travel: {
    booking: {
      words: ["reservation", "airline", "cancelled"],
      bent: ["reserve", "airlines", "cancellation"],
    },
    hotel: {
      words: ["accommodation", "breakfast", "elevator"],
      bent: ["accommodate", "breakfasts", "elevators"],
    },
  },
  finance: {
    invoice: {
      words: ["invoice", "payment", "overdue"],
      bent: ["invoicing", "payments", "overdues"],
    },
    salary: {
      words: ["salary", "deduction", "pension"],
      bent: ["salaries", "deducted", "pensions"],
    },
  },
  health: {
    allergy: {
      words: ["allergic", "peanuts", "reaction"],
      bent: ["allergy", "peanut", "reacting"],
    },
    exercise: {
      words: ["running", "treadmill", "injury"],
      bent: ["runner", "treadmills", "injuries"],
    },
  },
  software: {
    deployment: {
      words: ["deployment", "rollback", "cluster"],
      bent: ["deployed", "rollbacks", "clustering"],
    },
    database: {
      words: ["database", "migration", "replica"],
      bent: ["databases", "migrating", "replicated"],
    },
  },
  garden: {
    planting: {
      words: ["planting", "tomatoes", "greenhouse"],
      bent: ["planted", "tomato", "greenhouses"],
    },
    watering: {
      words: ["irrigation", "drought", "sprinkler"],
      bent: ["irrigate", "droughts", "sprinklers"],
    },
  },
  music: {
    concert: {
      words: ["orchestra", "rehearsal", "conductor"],
      bent: ["orchestral", "rehearsing", "conducting"],
    },
    recording: {
      words: ["recording", "microphone", "studio"],
      bent: ["recorded", "microphones", "studios"],
    },
  },
};

/** Said in every topic: they tell nothing apart. */
const common = ["meeting", "weekly", "customer", "report", "office", "monday", "project", "note"];

const frames = [
  (a: string, b: string, c: string) => `The ${a} came up again, because of the ${b} and the ${c}.`,
  (a: string, b: string, c: string) => `Remember: ${b} first, then the ${a}; ${c} only if asked.`,
  (a: string, b: string, c: string) => `She said that ${c} matters more to her than ${a} or ${b}.`,
  (a: string, b: string, c: string) =>
    `Open question about ${a}: who pays for the ${b}, with ${c}?`,
];

const written: readonly Document[] = [
  [
    "seat",
    "Prefers a seat at the window on flights, with room for long legs.",
    "travel",
    "booking",
  ],
  ["visa", "The passport has to be valid for six months after the journey ends.", "travel", "visa"],
  ["tax", "The tax office wants the declaration by the end of July.", "finance", "tax"],
  [
    "doctor",
    "Doctor's appointments are best in the morning, before breakfast.",
    "health",
    "doctor",
  ],
  [
    "logs",
    "Logs are kept for thirty days, then they are deleted by a job at night.",
    "software",
    "logs",
  ],
  ["roses", "Roses are cut back in March, when the forsythia flowers.", "garden", "pruning"],
  ["violin", "The violin is tuned to 442 hertz before each evening.", "music", "tuning"],
  ["coffee", "Coffee without sugar, and never after four in the afternoon.", "taste", "coffee"],
  ["names", "Writes her name with an accent: Zoë, and is not amused otherwise.", "taste", "names"],
  ["language", "Answers in Norwegian are welcome, reports stay in English.", "taste", "language"],
  ["parking", "The garage takes cars up to two metres; the van stays outside.", "taste", "parking"],
  ["keys", "The spare key lies with the neighbours on the second floor.", "taste", "keys"],
].map(([key, text, topic, facet]) => ({ key: key!, text: text!, topic: topic!, facet: facet! }));

/** 72 documents and 68 queries, the same for one seed. */
export function makeQualitySet(seed: number) {
  const random = createSeededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)]!;
  const documents: Document[] = [...written];
  const ids = new Map<string, string>();
  for (const [topic, facets] of Object.entries(topics)) {
    for (const [facet, { words }] of Object.entries(facets)) {
      for (let at = 0; at < 5; at += 1) {
        const key = `${facet}-${at}`;
        const id = `${facet.slice(0, 3).toUpperCase()}-${1_000 + Math.floor(random.fraction() * 9_000)}`;
        ids.set(key, id);
        // Each has two of the three at least; what it lacks stands in for a common word.
        const said = words.map((word, index) => (index === at % 4 ? pick(common) : word));
        const [a, b, c] = said as [string, string, string];
        const noise = Array.from({ length: 6 }, () => pick(common)).join(" ");
        documents.push({ key, topic, facet, text: `${id}. ${pick(frames)(a, b, c)} ${noise}.` });
      }
    }
  }
  return {
    documents,
    queries: listQueries(documents, ids, { pick, random: () => random.fraction() }),
  };
}

interface Chance {
  readonly pick: <T>(from: readonly T[]) => T;
  readonly random: () => number;
}

function listQueries(
  documents: readonly Document[],
  ids: ReadonlyMap<string, string>,
  { pick, random }: Chance,
): readonly Query[] {
  const queries: Query[] = [];
  for (const [topic, facets] of Object.entries(topics)) {
    for (const [facet, { words, bent }] of Object.entries(facets)) {
      const grades = toGrades(documents, { topic, facet }, words);
      const add = (kind: QueryKind, text: string) => queries.push({ kind, text, grades });
      add("exact", `${words[0]} ${words[1]}`);
      add("exact", `${pick(common)} about ${words[2]}`);
      add("misspelt", `${misspell(words[0], random)} ${misspell(words[1], random)}`);
      add("stems", `${bent[0]} ${bent[2]}`);
      const [key, id] = pick([...ids].filter(([each]) => each.startsWith(`${facet}-`)));
      const exactly = new Map(
        [...toGrades(documents, { topic, facet }, [])].map(([each]) => [each, 1]),
      );
      queries.push({ kind: "identifier", text: id, grades: exactly.set(key, 3) });
    }
  }
  const hand: readonly (readonly [QueryKind, string, string])[] = [
    ["exact", "window seat", "seat"],
    ["exact", "spare key", "keys"],
    ["misspelt", "pasport validity", "visa"],
    ["misspelt", "vilon tunning", "violin"],
    ["misspelt", "cofee sugr", "coffee"],
    ["stems", "deleting log", "logs"],
    ["stems", "flowering rose", "roses"],
    ["stems", "neighbour's keys", "keys"],
  ];
  for (const [kind, text, key] of hand) queries.push({ kind, text, grades: new Map([[key, 3]]) });
  return queries;
}

function toGrades(
  documents: readonly Document[],
  { topic, facet }: Pick<Document, "topic" | "facet">,
  words: readonly string[],
): ReadonlyMap<string, number> {
  return new Map(
    documents
      .filter((each) => each.topic === topic && each.facet === facet)
      .map((each) => [each.key, words.every((word) => each.text.includes(word)) ? 3 : 2]),
  );
}

/** One letter too few, two in the wrong order, or one doubled: never the first. */
function misspell(word: string, random: () => number): string {
  const at = 1 + Math.floor(random() * (word.length - 3));
  const [before, one, two, after] = [
    word.slice(0, at),
    word[at]!,
    word[at + 1]!,
    word.slice(at + 2),
  ];
  const wrongs = [
    before + two + after,
    before + two + one + after,
    before + one + one + two + after,
  ];
  const wrong = wrongs[Math.floor(random() * wrongs.length)]!;
  return wrong === word ? before + one + after : wrong;
}

/** Gain over the best possible gain, of the first ten, discounted by the logarithm of the place. */
export function toNdcg(found: readonly string[], grades: Query["grades"]): number {
  const gain = (values: readonly number[]) =>
    values.slice(0, 10).reduce((sum, grade, at) => sum + (2 ** grade - 1) / Math.log2(at + 2), 0);
  const best = gain([...grades.values()].toSorted((one, other) => other - one));
  return gain(found.map((key) => grades.get(key) ?? 0)) / best;
}
