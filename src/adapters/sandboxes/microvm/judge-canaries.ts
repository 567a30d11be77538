import { release, version } from "node:os";

/** Says in lines what it sees of the machine; its arguments are files of the host. */
export const canaryScript = String.raw`
echo "kernel $(uname -rv)"
echo "user $(id -u)"
echo "interfaces $(sed -n 's/^ *\([^ :|]*\):.*/\1/p' /proc/net/dev | tr '\n' ' ')"
sed -n 's/^\(Cap[A-Za-z]*\|Seccomp\|NoNewPrivs\):[[:space:]]*/status \1 /p' /proc/self/status
echo "processes $(ls /proc | grep -c '^[0-9]')"
echo "descriptors $(ls /proc/self/fd | tr '\n' ' ')"
for f in "$@"; do [ -e "$f" ] && echo "file $f"; done
for f in / /usr /etc /proc /dev; do (: > "$f/canary") 2>/dev/null && echo "wrote $f"; done
ls /dev | grep '^vd\|^vport\|^kmsg\|^mem' | sed 's/^/device /'
[ -s /proc/1/environ ] && echo "environment of another"
echo "random $(od -An -N16 -tx1 /dev/urandom | tr -d ' ')"
`;

export type CanaryVerdict =
  | { readonly kind: "held"; readonly evidence: readonly string[] }
  | { readonly kind: "failed"; readonly reason: string };

interface Told {
  readonly of: (word: string) => readonly string[];
  readonly random: string;
}

interface Finding {
  readonly holds: (told: Told) => boolean;
  readonly evidence: string;
}

const without = (word: string) => (told: Told) => told.of(word).length === 0;

const findings: readonly Finding[] = [
  {
    holds: ({ of }) => of("kernel").length === 1 && of("kernel")[0] !== `${release()} ${version()}`,
    evidence: "it runs on a kernel of its own",
  },
  {
    holds: ({ of }) => of("user").join() === "65534",
    evidence: "it runs as user 65534 of its machine",
  },
  {
    holds: ({ of }) =>
      of("status").filter((line) => /^Cap\w+ 0+$/.test(line)).length === 5 &&
      of("status").includes("NoNewPrivs 1") &&
      of("status").includes("Seccomp 2"),
    evidence: "it has no capabilities there and can gain none, and its system calls are filtered",
  },
  {
    holds: ({ of }) => of("interfaces").join() === "lo",
    evidence: "it has no network but loopback",
  },
  { holds: without("file"), evidence: "it sees no file of the host" },
  { holds: without("device"), evidence: "it sees no device of its machine" },
  {
    holds: (told) => without("wrote")(told) && without("environment")(told),
    evidence: "it can write nothing but its scratch, and sees no environment but its own",
  },
  {
    // Those of the script itself, and the one that reads the folder.
    holds: ({ of }) => of("descriptors").join() === "0 1 2 3" && Number(of("processes")[0]) <= 6,
    evidence: "it was handed no descriptors but its streams, and sees no process but its own",
  },
];

/** Of two that began alike, what they drew has to differ. */
export function judgeCanaries(said: readonly string[]): CanaryVerdict {
  const told = said.map(parseTold);
  const silent = said.find(
    (text) => !text.includes("\nrandom ") || !text.includes("\nend ended with 0"),
  );
  if (silent !== undefined)
    return { kind: "failed", reason: `its canary did not finish (${silent.slice(-300)})` };
  const wrong = findings.filter(({ holds }) => !told.every(holds));
  if (wrong.length > 0) {
    const what = wrong.map(({ evidence }) => `not so: ${evidence}`).join("; ");
    return { kind: "failed", reason: `its canary was not kept in (${what})` };
  }
  const drawn = new Set(told.map(({ random }) => random));
  if (drawn.size !== said.length || [...drawn].some((one) => !/^[0-9a-f]{32}$/.test(one)))
    return { kind: "failed", reason: "two machines of one template drew the same by chance" };
  const evidence = findings.map((finding) => finding.evidence);
  return { kind: "held", evidence: [...evidence, "two machines of one template draw differently"] };
}

function parseTold(text: string): Told {
  const lines = text.split("\n");
  const of = (word: string): readonly string[] =>
    lines
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1).trim());
  return { of, random: of("random")[0] ?? "" };
}
