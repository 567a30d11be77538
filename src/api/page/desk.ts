import {
  needsPasskey,
  toCountdown,
  whyNot,
  whyNotApprove,
  type DeskState,
} from "./approval-words.ts";
import type { PageElement, PageWindow } from "./browser.ts";
import { showApproval } from "./show-approval.ts";
import type { Pen } from "./show-text.ts";
import type { Shown } from "./shown.ts";

/** What the page holds while it is open; nothing of it outlives the page. */
export interface Desk {
  readonly browser: PageWindow;
  readonly nowMs: () => number;
  readonly pen: Pen;
  readonly find: (id: string) => PageElement;
  key: string | null;
  /** Of the list that was read last; null: none was. */
  seen: string | null;
  approvals: readonly Shown[];
  selected: string | null;
  /** As it is on the page. */
  shown: Shown | null;
  folded: number;
  isBusy: boolean;
  /** What counts down in the list. */
  clocks: readonly { readonly element: PageElement; readonly expiresAt: string }[];
}

export function renderList(desk: Desk, select: (id: string) => void): void {
  const { find, approvals, browser } = desk;
  find("none").hidden = approvals.length > 0;
  find("count").textContent = approvals.length === 0 ? "" : String(approvals.length);
  browser.document.title = approvals.length === 0 ? "Approvals" : `(${approvals.length}) Approvals`;
  const rows = approvals.map((each) => toRow(desk, each, select));
  desk.clocks = rows.map(({ clock }, index) => ({
    element: clock,
    expiresAt: approvals[index]!.expiresAt,
  }));
  find("rows").replaceChildren(...rows.map(({ row }) => row));
  renderClocks(desk);
}

/** Each second. */
export function renderClocks({ clocks, nowMs }: Desk): void {
  const now = nowMs();
  for (const { element, expiresAt } of clocks) {
    element.textContent = toCountdown(expiresAt, now) ?? "run out";
  }
}

function toRow({ pen, selected }: Desk, shown: Shown, select: (id: string) => void) {
  const { make, inert } = pen;
  const name = make("b", "", inert(shown.tool ?? shown.target));
  const where = make("span", "where", " of ", inert(shown.server));
  const clock = make("span", "left");
  const who = make("span", "", inert(shown.requester.agent ?? shown.requester.subject));
  const effect = shown.effect === "destructive" ? [make("span", "effect", "destructive")] : [];
  const rest = make("span", "rest", who, ...effect, clock);
  const button = make("button", "row", make("span", "", name, where), rest);
  button.setAttribute("type", "button");
  if (shown.id === selected) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => select(shown.id));
  return { row: make("li", "", button), clock };
}

/** Built anew only where something differs: what was unfolded stays so, and nothing moves while it is read. */
export function renderDetail(desk: Desk, next: Shown | null): void {
  const { find, pen } = desk;
  const isSame = desk.shown !== null && JSON.stringify(desk.shown) === JSON.stringify(next);
  find("detail").hidden = next === null;
  find("list").className = next === null ? "" : "behind";
  if (!isSame) {
    desk.shown = next;
    const onFold = (folded: number) => {
      desk.folded = folded;
      renderButtons(desk);
    };
    const children = next === null ? [] : showApproval(pen, next, onFold);
    find("shown").replaceChildren(...children);
  }
  renderButtons(desk);
}

/** Also each second: time alone may take a button away. */
export function renderButtons(desk: Desk): void {
  const { find, shown, browser } = desk;
  if (shown === null) return;
  const state: DeskState = {
    nowMs: desk.nowMs(),
    // What was chosen may not be what is on the page yet.
    isBusy: desk.isBusy || shown.id !== desk.selected,
    isFolded: desk.folded > 0,
    hasPasskeys: hasPasskeys(browser),
  };
  const [approve, deny] = [whyNotApprove(shown, state), whyNot(shown, state)];
  find("approve").disabled = approve !== null;
  find("deny").disabled = deny !== null;
  find("verb").textContent = needsPasskey(shown) ? "Approve with passkey" : "Approve";
  find("why").textContent = approve ?? "";
  const left = toCountdown(shown.expiresAt, state.nowMs);
  const ends = left === null ? "It has run out." : `Runs out in ${left}`;
  find("countdown").textContent = shown.state === "pending" ? ends : "";
}

/** Reads passkeys as JSON: browsers that do not are older than passkeys that sign on two devices. */
export function hasPasskeys({ navigator, PublicKeyCredential }: PageWindow): boolean {
  return (
    navigator.credentials !== undefined &&
    PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined
  );
}
