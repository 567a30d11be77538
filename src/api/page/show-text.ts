import { toInertSegments, type InertOptions } from "../../lib/inert-text.ts";
import { toJsonLines } from "../../lib/json-lines.ts";
import type { Json } from "../../lib/strict-json.ts";
import type { PageElement, PageWindow } from "./browser.ts";

/** What is folded away at first: longer than this nobody takes in at once. */
const linesAtFirst = 150;
const lettersAtFirst = 1_500;

/** Makes elements; all text goes through `textContent` or `append`, which read no markup. */
export interface Pen {
  readonly make: (
    tag: string,
    className: string,
    ...children: (PageElement | string)[]
  ) => PageElement;
  /** Text of somebody else's, with what it hides made visible. */
  readonly inert: (text: string, options?: InertOptions) => PageElement;
  /** JSON over several lines. `onFold` is told how many parts are still folded away. */
  readonly json: (value: Json, onFold: (folded: number) => void) => PageElement;
}

export function createPen({ document }: Pick<PageWindow, "document">): Pen {
  const make: Pen["make"] = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className !== "") element.className = className;
    element.append(...children);
    return element;
  };
  const inert: Pen["inert"] = (text, options = {}) => {
    const whole = make("span", "inert");
    // Long texts are folded, and nobody has to unfold these to decide.
    for (const part of toParts(make, toInertSegments(text, options), () => undefined))
      whole.append(part);
    return whole;
  };
  return { make, inert, json: (value, onFold) => showJson(make, value, onFold) };
}

type Make = Pen["make"];
type Segment = ReturnType<typeof toInertSegments>[number];

function showJson(make: Make, value: Json, onFold: (folded: number) => void): PageElement {
  const lines = toJsonLines(value);
  const box = make("div", "json");
  let folded = 0;
  const fold = (by: number) => {
    folded += by;
    onFold(folded);
  };
  const show = (from: number, to: number) => {
    for (const { depth, text } of lines.slice(from, to)) {
      const line = make(
        "div",
        "line",
        ...toParts(make, toInertSegments(text, { escapes: true }), fold),
      );
      line.style.setProperty("--depth", String(Math.min(depth, 16)));
      box.append(line);
    }
  };
  show(0, linesAtFirst);
  if (lines.length > linesAtFirst) {
    const rest = lines.length - linesAtFirst;
    const label = `Show all: ${rest.toLocaleString("en")} more lines`;
    box.append(
      toUnfold(make, label, () => {
        show(linesAtFirst, lines.length);
        fold(-1);
      }),
    );
    fold(1);
  }
  onFold(folded);
  return box;
}

/** Segments as elements, and past the first letters a button that brings the others. */
function toParts(
  make: Make,
  segments: readonly Segment[],
  fold: (by: number) => void,
): readonly PageElement[] {
  const { first, rest, restLetters } = cut(segments);
  const parts = first.map((segment) => toPart(make, segment));
  if (rest.length === 0) return parts;
  const more = make("span", "");
  const label = `Show all: ${restLetters.toLocaleString("en")} more characters`;
  const button = toUnfold(make, label, () => {
    // One by one: they may be more than a call takes arguments.
    for (const segment of rest) more.append(toPart(make, segment));
    fold(-1);
  });
  fold(1);
  return [...parts, button, more];
}

function toPart(make: Make, { text, mark, name }: Segment): PageElement {
  if (mark === null) return make("span", "", text);
  // What is read from the right is set apart, so that it does not move what stands beside it.
  return name === null ? make("bdi", "", text) : make("span", `mark ${mark}`, text);
}

function toUnfold(make: Make, label: string, show: () => void): PageElement {
  const button = make("button", "unfold", label);
  button.setAttribute("type", "button");
  button.addEventListener("click", () => {
    if (button.hidden) return;
    button.hidden = true;
    show();
  });
  return button;
}

function cut(segments: readonly Segment[]) {
  const first: Segment[] = [];
  const rest: Segment[] = [];
  let [left, restLetters] = [lettersAtFirst, 0];
  for (const segment of segments) {
    const at =
      segment.mark === null ? toCut(segment.text, left) : left > 0 ? segment.text.length : 0;
    left -= Math.max(1, at);
    if (at > 0) first.push({ ...segment, text: segment.text.slice(0, at) });
    if (at === segment.text.length) continue;
    rest.push({ ...segment, text: segment.text.slice(at) });
    restLetters += segment.text.length - at;
  }
  return { first, rest, restLetters };
}

/** Not between the two halves of one letter. */
function toCut(text: string, most: number): number {
  if (text.length <= most) return text.length;
  const at = Math.max(0, most);
  return /^[\udc00-\udfff]/.test(text.slice(at, at + 1)) ? Math.max(0, at - 1) : at;
}
