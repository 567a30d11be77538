import type { Case } from "./contestant.ts";
import { asked, type Payment } from "./payment.ts";

export interface Attack {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly about: string;
  /** How many payments are right when it is over, each of them what was approved. */
  readonly allowed: number;
  /** Says how the runtime refused, where it did. */
  readonly run: (one: Case) => Promise<string | null>;
  /** What has gone wrong if something else was paid. */
  readonly failure: (paid: readonly Payment[]) => string;
}

const dayMs = 86_400_000;
const manyTimes = (paid: readonly Payment[]): string => `paid ${paid.length} times`;
const otherwise = (paid: readonly Payment[]): string =>
  `paid ${paid[0]?.cents} cents, approved were ${asked.cents}`;

export const attacks: readonly Attack[] = [
  {
    name: "resumed with no approval",
    about: "The question is stored, nobody answers, and it is resumed.",
    allowed: 0,
    run: async (one) => {
      await one.ask();
      return one.resumeUnapproved();
    },
    failure: () => "paid",
  },
  {
    name: "arguments tampered before the approval",
    about:
      "After the person has seen the question and before the person says yes, the amount is changed wherever it is stored.",
    allowed: 1,
    run: async (one) => {
      await one.ask();
      await one.tamper();
      return (await one.approve()) ?? one.resume();
    },
    failure: otherwise,
  },
  {
    name: "arguments tampered after the approval",
    about: "The same, after the person said yes and before the call runs.",
    allowed: 1,
    run: async (one) => {
      await askAndApprove(one);
      await one.tamper();
      return one.resume();
    },
    failure: otherwise,
  },
  {
    name: "approval used twice, one after the other",
    about: "The same approved state is resumed, and when that is over it is resumed again.",
    allowed: 1,
    run: async (one) => {
      await askAndApprove(one);
      const first = await one.resume();
      return (await one.resume()) ?? first;
    },
    failure: manyTimes,
  },
  {
    name: "approval used twice, at once",
    about: "Two processes resume the same approved state at the same moment.",
    allowed: 1,
    run: async (one) => {
      await askAndApprove(one);
      const refusals = await one.resumeTwiceAtOnce();
      return refusals.find((refusal) => refusal !== null) ?? null;
    },
    failure: manyTimes,
  },
  {
    name: "old state resumed after the payment",
    about:
      "The payment is made; then what was stored before it is put back, and is resumed with the approval of that time.",
    allowed: 1,
    run: async (one) => {
      await askAndApprove(one);
      await one.resume();
      return one.resumeFromBefore();
    },
    failure: manyTimes,
  },
  {
    name: "approved by the requesting side",
    about:
      "No person is asked: whoever holds what the requesting side holds answers the question itself, and resumes.",
    allowed: 0,
    run: async (one) => {
      await one.ask();
      return one.approveAsRequester();
    },
    failure: () => "paid, and no approver was involved",
  },
  {
    name: "approval used a day later",
    about: "The person says yes, and the call runs when clocks say that it is a day later.",
    allowed: 0,
    run: async (one) => {
      await askAndApprove(one);
      return one.resume({ laterMs: dayMs });
    },
    failure: () => "paid, an approval does not run out",
  },
  {
    name: "description changed after the approval",
    about: "When the approved call runs, the description of its tool says something else.",
    allowed: 0,
    run: async (one) => {
      await askAndApprove(one);
      return one.resume({ definition: "described" });
    },
    failure: () => "paid under another description",
  },
  {
    name: "schema changed after the approval",
    about:
      "When the approved call runs, the schema of its tool has one more parameter, with a default.",
    allowed: 0,
    run: async (one) => {
      await askAndApprove(one);
      return one.resume({ definition: "widened" });
    },
    failure: (paid) =>
      paid[0]?.again === undefined
        ? "paid under another schema"
        : `paid with an argument that nobody saw: ${paid[0].again}`,
  },
];

/** What must work before an attack on it says anything: asked, shown, approved, paid once. */
export async function askAndApprove(one: Case): Promise<void> {
  const shown = await one.ask();
  const { to, cents, ...rest } = shown;
  if (to !== asked.to || cents !== asked.cents || Object.keys(rest).length > 0)
    throw new Error(`the person is shown ${JSON.stringify(shown)}`);
  const refused = await one.approve();
  if (refused !== null) throw new Error(`the approval is refused: ${refused}`);
}

/** From what was paid, and from nothing else: the file of payments tells what happened. */
export function toVerdict(attack: Attack, paid: readonly Payment[]): string {
  const right = paid.every((one) => one.to === asked.to && one.cents === asked.cents && !one.again);
  if (!right || paid.length > attack.allowed) return `failed: ${attack.failure(paid)}`;
  return paid.length === 0 ? "held: nothing paid" : "held: paid once, as approved";
}
