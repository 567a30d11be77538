import type { PageWindow } from "./browser.ts";

/** What came of one request: `status` 0 where none came back. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly code: string;
  readonly message: string;
}

/** The key goes out as a header of this one request, and stays where it is: in this page's memory. */
export async function askServer(
  browser: PageWindow,
  key: string,
  request: { readonly path: string; readonly body?: unknown },
): Promise<Answer> {
  const { path, body } = request;
  try {
    const answer = await browser.fetch(path, {
      method: body === undefined ? "GET" : "POST",
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const told = await answer.json();
    const error = answer.ok ? {} : toError(told);
    return { status: answer.status, body: told, code: "", message: "", ...error };
  } catch {
    return { status: 0, body: null, code: "", message: "The server cannot be reached." };
  }
}

function toError(told: unknown): Partial<Answer> {
  const error = (told as { error?: { code?: unknown; message?: unknown; hint?: unknown } } | null)
    ?.error;
  const message = typeof error?.message === "string" ? error.message : "";
  const code = typeof error?.code === "string" ? error.code : "";
  return { code, message };
}
