import { askServer, type Answer } from "./ask-server.ts";
import { needsPasskey, toRefusalWords } from "./approval-words.ts";
import { hasPasskeys, renderButtons, type Desk } from "./desk.ts";
import type { Shown } from "./shown.ts";

export type Word = "approved" | "denied";

/** Sends one word on what is on the page, by its digest, and says what came of it. */
export async function decideApproval(desk: Desk, word: Word): Promise<void> {
  const { find, shown, key, selected } = desk;
  if (shown === null || shown.id !== selected || key === null || desk.isBusy) return;
  desk.isBusy = true;
  find("said").textContent = "";
  renderButtons(desk);
  try {
    find("said").textContent = await send(desk, { shown, key, word });
  } finally {
    desk.isBusy = false;
    renderButtons(desk);
  }
}

interface Deciding {
  readonly shown: Shown;
  readonly key: string;
  readonly word: Word;
}

async function send(desk: Desk, deciding: Deciding): Promise<string> {
  const { shown, word } = deciding;
  const wantsPasskey = word === "approved" && needsPasskey(shown);
  const first = wantsPasskey ? await sign(desk, deciding) : null;
  if (typeof first === "string") return first;
  let answer = await post(desk, deciding, first);
  if (answer.code === "passkey_required" && first === null) {
    const second = await sign(desk, deciding);
    if (typeof second === "string") return second;
    answer = await post(desk, deciding, second);
  }
  return toWords(desk, answer, word);
}

function toWords(desk: Desk, answer: Answer, word: Word): string {
  if (answer.status === 200) {
    desk.find("reason").value = "";
    const { state } = answer.body as { readonly state: string };
    if (word === "denied") return "Denied.";
    return state === "pending" ? "Your yes is kept. Others have to agree, too." : "Approved.";
  }
  if (answer.status === 0) {
    return "No answer came: it is not known whether your decision arrived. It is shown as it stands.";
  }
  return toRefusalWords(answer.status, answer.code, answer.message);
}

function post(desk: Desk, { shown, key, word }: Deciding, assertion: unknown): Promise<Answer> {
  const reason = desk.find("reason").value.trim();
  const body = {
    digest: shown.digest,
    word,
    ...(reason === "" ? {} : { reason }),
    ...(assertion === null ? {} : { assertion }),
  };
  const path = `/v1/approvals/${encodeURIComponent(shown.id)}/decision`;
  return askServer(desk.browser, key, { path, body });
}

/** What the passkey signed: the digest of what is on the page. Text: why it did not. */
async function sign({ browser, find }: Desk, { shown, key }: Deciding): Promise<object | string> {
  if (!hasPasskeys(browser))
    return "This takes a passkey, and this browser has none on this address.";
  find("said").textContent = "Your passkey is asked …";
  const path = `/v1/approvals/${encodeURIComponent(shown.id)}/signing`;
  const answer = await askServer(browser, key, { path, body: {} });
  if (answer.status === 0) return answer.message;
  if (answer.status !== 200) return toRefusalWords(answer.status, answer.code, answer.message);
  const { options } = answer.body as { readonly options: { readonly challenge?: unknown } };
  // What is signed is what is shown: a server that asks for another digest is not followed.
  if (options.challenge !== toChallenge(shown.digest)) {
    return toRefusalWords(412, "", "");
  }
  try {
    const publicKey = browser.PublicKeyCredential!.parseRequestOptionsFromJSON!(options);
    const credential = await browser.navigator.credentials!.get({ publicKey });
    return (credential?.toJSON() as object | undefined) ?? "The passkey gave nothing.";
  } catch {
    return "The passkey was not used: nothing was decided.";
  }
}

/** The 32 bytes of a digest as a challenge is written. */
export function toChallenge(digest: string): string | null {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) return null;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // Each three bytes are six hex digits and four letters; the last two bytes are three letters.
  const bits = Array.from(hex, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0"));
  const groups = `${bits.join("")}00`.match(/.{6}/g) ?? [];
  return groups.map((group) => letters.charAt(Number.parseInt(group, 2))).join("");
}
