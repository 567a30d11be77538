/**
 * The only thing of ours among the guest's: it runs before the code and keeps what it needs to itself,
 * so that nothing the code changes later is called by what prints. All texts are made in here, under
 * the guest's own limits; out go pieces of a text, and nothing that has to be asked for its parts.
 *
 * Takes the two ways out and a way to end; gives what is called with the promise of the code's value.
 */
export const prelude = `
((write, complain, end) => {
  "use strict";
  const { apply, defineProperty } = Reflect;
  const { stringify } = JSON;
  const { slice, charCodeAt } = String.prototype;
  const toText = String;
  const pieceLength = 65536;
  const mostError = 16384;

  const isLead = (code) => code >= 0xd800 && code < 0xdc00;
  /* No piece ends between the two halves of a character. */
  const say = (out, text) => {
    for (let at = 0; at < text.length; ) {
      let to = at + pieceLength;
      if (to < text.length && isLead(apply(charCodeAt, text, [to - 1]))) to += 1;
      out(apply(slice, text, [at, to]));
      at = to;
    }
  };
  const show = (value) => {
    if (typeof value === "string") return value;
    if (typeof value !== "object" || value === null) return toText(value);
    const text = stringify(value);
    return text === undefined ? "undefined" : text;
  };
  const toLine = (values) => {
    let line = "";
    for (let at = 0; at < values.length; at += 1) line += (at === 0 ? "" : " ") + show(values[at]);
    return line + "\\n";
  };
  const cut = (text) => (text.length > mostError ? apply(slice, text, [0, mostError]) + " ..." : text);
  const explain = (error) => {
    try {
      const what = toText(error);
      const stack = typeof error === "object" && error !== null ? error.stack : undefined;
      return cut(what) + "\\n" + (typeof stack === "string" ? cut(stack) : "");
    } catch {
      return "What was thrown cannot be shown.\\n";
    }
  };

  const log = (...values) => say(write, toLine(values));
  const error = (...values) => say(complain, toLine(values));
  const console = { log, info: log, debug: log, warn: error, error };
  defineProperty(globalThis, "console", { value: console, writable: true, configurable: true });

  const { queueMicrotask: enqueue } = globalThis;
  const queueMicrotask = (task) =>
    enqueue(() => {
      try {
        task();
      } catch (error) {
        say(complain, explain(error));
        end(1);
      }
    });
  defineProperty(globalThis, "queueMicrotask", {
    value: queueMicrotask,
    writable: true,
    configurable: true,
  });

  return async (promise) => {
    try {
      const { value } = await promise;
      const text = stringify(await value);
      if (text !== undefined) say(write, text + "\\n");
      end(0);
    } catch (error) {
      say(complain, explain(error));
      end(1);
    }
  };
})
`;
