import { fromBase64 } from "../../../../src/ledger/signed-head.ts";
import { toDuration } from "../../words/to-duration.ts";
import { toBytes, toMoney } from "../../words/to-amount.ts";
import type { Tone } from "../../ui/badge.tsx";
import { toOutcomeTone, toOutcomeWord } from "./entry-words.ts";

/** One thing that happened in a call. */
export interface StoryStep {
  readonly title: string;
  readonly tone: Tone;
  readonly atMs: number | null;
  readonly lines: readonly StoryLine[];
}

export interface StoryLine {
  readonly name: string;
  readonly text: string;
  readonly look: "plain" | "code" | "digest" | "run" | "approval";
}

type Value = null | boolean | number | string | readonly Value[] | Members;
type Members = { readonly [key: string]: Value };

interface Told {
  readonly intent: Members | null;
  readonly outcome: Members | null;
  readonly verdicts: readonly Members[];
  readonly resolutions: readonly Members[];
  readonly places: readonly number[];
  /** Values that stand behind digests: `intent`, `args`, `result`, and of verdicts by commitment. */
  readonly opened: ReadonlyMap<string, Value>;
}

/** A receipt that was verified, as what happened, in order. Of any other nothing should be told. */
export function toStory(text: string): readonly StoryStep[] {
  const told = readReceipt(text);
  return [
    toAsked(told),
    ...toDecided(told),
    ...told.verdicts.map((verdict) => toVerdict(verdict, told.opened)),
    ...toSent(told),
    ...toSandbox(told),
    ...toEnded(told),
    ...told.resolutions.map(toResolution),
    toRecorded(told),
  ];
}

function readReceipt(text: string): Told {
  const file = JSON.parse(text) as {
    entries: readonly { bytes: string; index: number }[];
    openings: readonly { of: string; commitment: string; value: Value }[];
  };
  const decoder = new TextDecoder();
  const entries = file.entries.map(
    ({ bytes }) => JSON.parse(decoder.decode(fromBase64(bytes, "an entry"))) as Members,
  );
  const of = (kind: string) => entries.filter((entry) => entry["kind"] === kind);
  const opened = file.openings.map(({ of: what, commitment, value }): [string, Value] => [
    what === "verdict" ? commitment : what,
    value,
  ]);
  return {
    intent: of("intent")[0] ?? null,
    outcome: of("outcome")[0] ?? null,
    verdicts: of("verdict"),
    resolutions: of("resolution"),
    places: file.entries.map(({ index }) => index),
    opened: new Map(opened),
  };
}

const isMembers = (value: Value | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A line where there is something to say. */
function line(
  name: string,
  value: Value | undefined,
  look: StoryLine["look"] = "plain",
): readonly StoryLine[] {
  if (value === null || value === undefined || value === "") return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return [{ name, text, look }];
}

// The verifier does not look into what says nothing about a proof, so neither is it relied on here.
const toList = (value: Value | undefined): readonly string[] =>
  Array.isArray(value) ? value.map(toWord) : [];

/** One word of it, as it is written there. */
const toWord = (value: Value | undefined): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

function toTime(timings: Value | undefined, name: string): string | null {
  const us = isMembers(timings) ? timings[name] : null;
  return typeof us === "number" ? toDuration(us / 1_000) : null;
}

const toMs = (value: Value | undefined): number | null =>
  typeof value === "number" ? value : null;

function toAsked({ intent, outcome, opened }: Told): StoryStep {
  const shown = opened.get("intent");
  const about = intent ?? outcome ?? {};
  const principal = isMembers(shown) ? shown["principal"] : null;
  const who = isMembers(principal)
    ? `${toWord(principal["kind"])}:${toWord(principal["subject"])}`
    : "";
  const args = opened.get("args");
  return {
    title: "Asked",
    tone: "info",
    atMs: toMs(intent?.["atMs"]),
    lines: [
      ...line("by", who === "" ? "not shown here" : who),
      ...line("agent", isMembers(shown) ? shown["agent"] : null),
      ...line("run", about["run"], "run"),
      ...line("tool", `${toWord(about["server"])} · ${toWord(about["tool"] ?? "no tool")}`),
      ...(args === undefined
        ? line("arguments", "not shown here; the intent holds their digest")
        : line("arguments", JSON.stringify(args, null, 2), "code")),
      ...line("intent", about["intent"], "digest"),
      ...line("definition", isMembers(shown) ? shown["definition"] : null, "digest"),
    ],
  };
}

function toDecided({ intent, outcome }: Told): readonly StoryStep[] {
  const decision = intent?.["decision"];
  if (isMembers(decision)) {
    const rules = toList(decision["rules"]);
    return [
      {
        title: decision["kind"] === "ask" ? "Decided: ask a person" : "Decided: allowed",
        tone: decision["kind"] === "ask" ? "accent" : "ok",
        atMs: null,
        lines: [
          ...line("by rules", rules.length === 0 ? "none: the default" : rules.join(", ")),
          ...line("policy", decision["policy"], "digest"),
        ],
      },
    ];
  }
  if (outcome?.["outcome"] !== "denied") return [];
  const lines = line("by", outcome["reason"]);
  return [{ title: "Decided: denied", tone: "danger", atMs: null, lines }];
}

function toVerdict(verdict: Members, opened: Told["opened"]): StoryStep {
  const by = opened.get(toWord(verdict["by"]));
  const isApproved = verdict["word"] === "approved";
  return {
    title: isApproved ? "Approved" : "Denied",
    tone: isApproved ? "ok" : "danger",
    atMs: toMs(verdict["atMs"]),
    lines: [
      ...line("by", isMembers(by) ? by["approver"] : "not shown here"),
      ...line("with", isMembers(by) ? by["credential"] : null),
      ...line("because", isMembers(by) ? by["reason"] : null),
      ...line(
        "passkey",
        verdict["passkey"] === null ? "none: this rests on the gate's word" : "signed this intent",
      ),
      ...line("approval", verdict["approval"], "approval"),
    ],
  };
}

function toSent({ intent, outcome }: Told): readonly StoryStep[] {
  if (outcome === null || (intent === null && outcome["endpoint"] === null)) return [];
  return [
    {
      title: "Sent",
      tone: "neutral",
      atMs: null,
      lines: [
        ...line("to", outcome["endpoint"] ?? outcome["server"]),
        ...line("credential", outcome["credential"] ?? intent?.["credential"] ?? "none"),
        ...line("waited", toTime(outcome["timings"], "queuedUs")),
      ],
    },
  ];
}

function toSandbox({ outcome }: Told): readonly StoryStep[] {
  const sandbox = outcome?.["sandbox"];
  if (!isMembers(sandbox)) return [];
  const isNone = sandbox["tier"] === "none";
  const egress = sandbox["egress"];
  const isWeak = isNone || sandbox["downgraded"] === true;
  return [
    {
      title: isNone ? "Ran without a sandbox" : `Enforced: ${toWord(sandbox["tier"])}`,
      tone: isWeak ? "warn" : "ok",
      atMs: null,
      lines: [
        ...line("powers", isNone ? "those of the user that runs Countersign" : null),
        ...line("driver", sandbox["driver"]),
        ...line("weaker", sandbox["downgraded"] === true ? "than was wished for" : null),
        ...line("canary", sandbox["evidence"], "digest"),
        ...line("limits", sandbox["limits"], "digest"),
        ...line(
          "network",
          isMembers(egress)
            ? `${toWord(egress["attempts"])} attempts, ${toWord(egress["refused"])} refused`
            : null,
        ),
        ...line("exit", sandbox["exit"]),
      ],
    },
  ];
}

function toEnded({ outcome, opened }: Told): readonly StoryStep[] {
  if (outcome === null) return [];
  const word = toWord(outcome["outcome"]);
  const [result, cost] = [outcome["result"], outcome["cost"]];
  const shown = opened.get("result");
  return [
    {
      title: `Ended: ${toOutcomeWord(word)}`,
      tone: toOutcomeTone(word),
      atMs: toMs(outcome["atMs"]),
      lines: [
        ...line("reason", outcome["reason"]),
        ...line("took", toTime(outcome["timings"], "upstreamUs")),
        ...line("result", isMembers(result) ? toBytes(Number(result["bytes"])) : "none"),
        ...(typeof shown === "string" ? line("said", toPretty(shown), "code") : []),
        ...line("taken out", toList(outcome["redacted"]).join(", ")),
        ...line("cost", isMembers(cost) ? toMoney(String(Number(cost["micros"]) / 1e6)) : null),
        ...line("trace", outcome["trace"]),
      ],
    },
  ];
}

/** Indented only where not a sign of it is lost by that. */
function toPretty(text: string): string {
  try {
    const value = JSON.parse(text) as unknown;
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

function toResolution(resolution: Members): StoryStep {
  const word = toWord(resolution["outcome"]);
  return {
    title: `Found out later: ${toOutcomeWord(word)}`,
    tone: toOutcomeTone(word),
    atMs: toMs(resolution["atMs"]),
    lines: [...line("by", resolution["by"]), ...line("evidence", resolution["evidence"])],
  };
}

function toRecorded({ places }: Told): StoryStep {
  const text = places.length === 1 ? `place ${places[0]}` : `places ${places.join(", ")}`;
  return { title: "Recorded", tone: "ok", atMs: null, lines: line("in the log at", text) };
}
