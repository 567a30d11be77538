/** A person's browser, as far as the provider's own development pages need one. */
export interface Browser {
  /** Follows redirects within the issuer; resolves with the first that leads elsewhere. */
  agree(url: string, login: string): Promise<string>;
  /** The same, but presses cancel at the question of consent. */
  deny(url: string, login: string): Promise<string>;
}

export function createBrowser(): Browser {
  const cookies = new Map<string, string>();

  async function send(url: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name!);
      else cookies.set(name!, value!);
    }
    return response;
  }

  async function walk(start: string, login: string, press: "submit" | "abort"): Promise<string> {
    const { origin } = new URL(start);
    let response = await send(start);
    let page = start;
    for (let step = 0; step < 20; step += 1) {
      const location = response.headers.get("location");
      if (location !== null) {
        page = new URL(location, page).href;
        if (new URL(page).origin !== origin) return page;
        response = await send(page);
        continue;
      }
      const text = await response.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
      if (prompt === undefined)
        throw new Error(`${response.status} at ${page}: ${text.slice(0, 2000)}`);
      const isEnd = prompt === "consent" && press === "abort";
      response = isEnd
        ? await send(`${page}/abort`)
        : await send(page, { prompt, login, password: "any" });
    }
    throw new Error("goes round in circles");
  }

  return {
    agree: (url, login) => walk(url, login, "submit"),
    deny: (url, login) => walk(url, login, "abort"),
  };
}
