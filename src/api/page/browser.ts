/** As much of a browser as the page uses: the program itself is checked without one. */
export interface PageElement {
  textContent: string | null;
  className: string;
  hidden: boolean;
  disabled: boolean;
  value: string;
  readonly style: { setProperty(name: string, value: string): void };
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  setAttribute(name: string, value: string): void;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  focus(): void;
  /** Of a dialog. */
  showModal(): void;
  close(): void;
  readonly open: boolean;
}

export interface PageEvent {
  readonly key?: string;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
  readonly altKey?: boolean;
  readonly repeat?: boolean;
  readonly target: { readonly tagName?: string } | null;
  preventDefault(): void;
}

export interface PageResponse {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
}

export interface PageWindow {
  readonly document: {
    title: string;
    createElement(tag: string): PageElement;
    getElementById(id: string): PageElement | null;
    addEventListener(type: string, listener: (event: PageEvent) => void): void;
  };
  readonly location: { readonly pathname: string };
  readonly history: { pushState(state: null, unused: string, url: string): void };
  readonly navigator: {
    readonly credentials?: {
      get(options: { readonly publicKey: unknown }): Promise<{ toJSON(): unknown } | null>;
    };
  };
  readonly PublicKeyCredential?: { parseRequestOptionsFromJSON?(options: unknown): unknown };
  addEventListener(type: string, listener: () => void): void;
  scrollTo(left: number, top: number): void;
  setTimeout(work: () => void, delayMs: number): unknown;
  setInterval(work: () => void, everyMs: number): unknown;
  fetch(path: string, options: object): Promise<PageResponse>;
}
