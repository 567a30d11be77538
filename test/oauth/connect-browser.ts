import { createContext, runInContext } from "node:vm";

interface Element {
  textContent: string;
  value: string;
  hidden: boolean;
  disabled: boolean;
  submit?: (event: object) => void;
  addEventListener(name: string, listener: (event: object) => void): void;
}

export interface OpenedPage {
  readonly policy: string;
  readonly html: string;
  /** What the address bar shows. */
  address(): string;
  element(id: string): Element;
  /** Types the key, presses the button, and waits until the page is at rest. Where it leads, or null. */
  submit(key: string): Promise<string | null>;
}

/** Runs the page's own script over a document of four elements: no browser is needed to see what it does. */
export async function openPage(url: string): Promise<OpenedPage> {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  const html = await response.text();
  const script = /<script>(?<text>.*)<\/script>/s.exec(html)!.groups!["text"]!;
  const elements = new Map<string, Element>();
  const element = (id: string): Element => {
    if (!html.includes(`id="${id}"`)) throw new Error(`no ${id} on the page`);
    const known = elements.get(id) ?? makeElement();
    elements.set(id, known);
    return known;
  };
  let address = url;
  let next: string | null = null;
  const { origin } = new URL(url);
  const globals = {
    URL,
    JSON,
    location: { href: url, assign: (to: string) => void (next = to) },
    history: { replaceState: (_state: unknown, _title: string, to: string) => void (address = to) },
    document: { getElementById: element },
    fetch: (path: string, init: RequestInit) => fetch(new URL(path, origin), init),
  };
  runInContext(script, createContext(globals));
  return {
    policy: response.headers.get("content-security-policy") ?? "",
    html,
    address: () => address,
    element,
    async submit(key) {
      const form = element("form");
      element("key").value = key;
      next = null;
      form.submit!({ preventDefault: () => undefined });
      while (element("go").disabled) await new Promise((resolve) => setImmediate(resolve));
      return next;
    },
  };
}

function makeElement(): Element {
  const made: Element = {
    textContent: "",
    value: "",
    hidden: false,
    disabled: false,
    addEventListener: (name, listener) => void Object.assign(made, { [name]: listener }),
  };
  return made;
}
