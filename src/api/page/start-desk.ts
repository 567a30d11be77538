import { askServer } from "./ask-server.ts";
import type { PageElement, PageEvent, PageWindow } from "./browser.ts";
import { decideApproval, type Word } from "./decide-approval.ts";
import { renderButtons, renderClocks, renderDetail, renderList, type Desk } from "./desk.ts";
import { showSentence } from "./show-approval.ts";
import { createPen } from "./show-text.ts";
import type { Shown, ShownPage } from "./shown.ts";

const pageSize = 200;
/** The server answers sooner where something changed. */
const waitSeconds = 25;
const retryMs = [1_000, 2_000, 5_000, 15_000, 30_000];

/** The page: a key is asked for, then what waits is shown, and one of it in detail. */
export function startDesk(browser: PageWindow, nowMs: () => number): void {
  const find = (id: string): PageElement => {
    const element = browser.document.getElementById(id);
    if (element === null) throw new Error(`the page has no ${id}`);
    return element;
  };
  const desk: Desk = {
    browser,
    nowMs,
    pen: createPen(browser),
    find,
    key: null,
    seen: null,
    approvals: [],
    selected: readPlace(browser),
    shown: null,
    folded: 0,
    isBusy: false,
    clocks: [],
  };
  listenForKey(desk);
  listenForWords(desk);
  browser.addEventListener("popstate", () => void select(desk, readPlace(browser), "stay"));
  browser.setInterval(() => {
    renderButtons(desk);
    renderClocks(desk);
  }, 1_000);
}

function readPlace({ location }: PageWindow): string | null {
  return /^\/approvals\/([0-9a-f-]{36})$/.exec(location.pathname)?.[1] ?? null;
}

function listenForKey(desk: Desk): void {
  const { find } = desk;
  find("signin").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = find("key").value.trim();
    if (key === "") return;
    find("key").value = "";
    void enter(desk, key);
  });
  find("leave").addEventListener("click", () => leave(desk, "The key is forgotten."));
  find("key").focus();
}

async function enter(desk: Desk, key: string): Promise<void> {
  desk.key = key;
  desk.seen = null;
  desk.find("status").textContent = "One moment …";
  await follow(desk, key);
}

/** Whatever was shown goes with the key that it was shown to. */
function leave(desk: Desk, words: string): void {
  desk.key = null;
  desk.approvals = [];
  renderList(desk, () => undefined);
  renderDetail(desk, null);
  desk.find("said").textContent = "";
  desk.find("desk").hidden = true;
  desk.find("leave").hidden = true;
  desk.find("signin").hidden = false;
  desk.find("status").textContent = words;
  desk.find("key").focus();
}

/** Reads the list, and again whenever it changed, for as long as this key is the one in use. */
async function follow(desk: Desk, key: string): Promise<void> {
  let failures = 0;
  while (desk.key === key) {
    const since =
      desk.seen === null ? "" : `&seen=${encodeURIComponent(desk.seen)}&wait=${waitSeconds}`;
    const path = `/v1/approvals?state=pending&limit=${pageSize}${since}`;
    const answer = await askServer(desk.browser, key, { path });
    if (desk.key !== key) return;
    if (answer.status === 401) return leave(desk, "This key is not accepted.");
    if (answer.status === 403) return leave(desk, "This key may not see approvals.");
    if (answer.status !== 200) {
      desk.find("status").textContent =
        `${answer.message || "The server does not answer."} Trying again …`;
      const delayMs = retryMs[Math.min(failures, retryMs.length - 1)]!;
      failures += 1;
      await new Promise<void>((resolve) => desk.browser.setTimeout(resolve, delayMs));
      continue;
    }
    failures = 0;
    await take(desk, answer.body as ShownPage);
  }
}

async function take(desk: Desk, { approvals, seen }: ShownPage): Promise<void> {
  const { find } = desk;
  const isFirst = desk.seen === null;
  const hasChanged = seen !== desk.seen;
  desk.seen = seen;
  desk.approvals = approvals;
  find("signin").hidden = true;
  find("desk").hidden = false;
  find("leave").hidden = false;
  find("status").textContent =
    approvals.length < pageSize ? "" : `The first ${pageSize} are listed; there may be more.`;
  renderList(desk, (id) => void select(desk, id, "push"));
  if (isFirst || hasChanged) await load(desk);
}

async function select(desk: Desk, id: string | null, place: "push" | "stay"): Promise<void> {
  if (place === "push") {
    desk.browser.history.pushState(null, "", id === null ? "/approvals" : `/approvals/${id}`);
  }
  desk.selected = id;
  desk.find("said").textContent = "";
  desk.find("reason").value = "";
  if (desk.key === null) return;
  renderList(desk, (next) => void select(desk, next, "push"));
  if (desk.shown !== null) renderButtons(desk);
  desk.browser.scrollTo(0, 0);
  await load(desk);
}

async function load(desk: Desk): Promise<void> {
  const { selected, key } = desk;
  if (selected === null || key === null) return renderDetail(desk, null);
  const path = `/v1/approvals/${encodeURIComponent(selected)}`;
  const answer = await askServer(desk.browser, key, { path });
  if (desk.selected !== selected || desk.key !== key) return;
  if (answer.status === 200) return renderDetail(desk, answer.body as Shown);
  if (answer.status !== 404) return;
  desk.find("status").textContent = "There is no such approval for this key.";
  desk.selected = null;
  renderDetail(desk, null);
}

function listenForWords(desk: Desk): void {
  const { find, browser } = desk;
  const decide = async (word: Word) => {
    await decideApproval(desk, word);
    await load(desk);
  };
  let asked: Word | null = null;
  const confirm = (word: Word) => {
    const { shown } = desk;
    const button = find(word === "approved" ? "approve" : "deny");
    if (shown === null || button.disabled) return;
    asked = word;
    const verb = word === "approved" ? "Approve this?" : "Deny this?";
    find("question").textContent = verb;
    find("asked").replaceChildren(...showSentence(desk.pen, shown));
    find("sure").textContent = word === "approved" ? "Approve" : "Deny";
    find("sure").className = word;
    find("confirm").showModal();
  };
  find("approve").addEventListener("click", () => void decide("approved"));
  find("deny").addEventListener("click", () => void decide("denied"));
  find("back").addEventListener("click", () => void select(desk, null, "push"));
  find("unsure").addEventListener("click", () => find("confirm").close());
  find("sure").addEventListener("click", () => {
    find("confirm").close();
    if (asked !== null) void decide(asked);
    asked = null;
  });
  browser.document.addEventListener("keydown", (event) => press(desk, event, confirm));
}

function press(desk: Desk, event: PageEvent, confirm: (word: Word) => void): void {
  const { ctrlKey, metaKey, altKey, repeat, target } = event;
  if (ctrlKey === true || metaKey === true || altKey === true || repeat === true) return;
  if (/^(?:input|textarea)$/i.test(target?.tagName ?? "") || desk.find("confirm").open) return;
  const key = event.key?.toLowerCase();
  if (key === "a") confirm("approved");
  else if (key === "d") confirm("denied");
  else if (key === "j" || key === "k") step(desk, key === "j" ? 1 : -1);
  else return;
  event.preventDefault();
}

function step(desk: Desk, by: 1 | -1): void {
  const { approvals, selected } = desk;
  if (desk.key === null || approvals.length === 0) return;
  const at = approvals.findIndex(({ id }) => id === selected);
  const next = at === -1 ? 0 : Math.min(approvals.length - 1, Math.max(0, at + by));
  void select(desk, approvals[next]!.id, "push");
}
