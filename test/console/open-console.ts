import type { Page } from "playwright-core";

export interface ConsoleAsked {
  readonly url: string;
  readonly key: string;
  /** Where in the console, with its query. */
  readonly path: string;
  readonly theme?: "light" | "dark";
  readonly phone?: boolean;
}

export const desktopSize = { width: 1280, height: 800 };
export const phoneSize = { width: 390, height: 844 };

/** Opens a place of the console in a page, and signs in as a person does. */
export async function openConsole(page: Page, asked: ConsoleAsked): Promise<void> {
  const { url, key, path, theme = "light", phone = false } = asked;
  await page.setViewportSize(phone ? phoneSize : desktopSize);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await page.goto(new URL(path, url).href);
  await page.getByLabel("Key or access token").fill(key);
  await page.keyboard.press("Enter");
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
}

/** What the page said that nobody should see: errors, and what its policy did not let it do. */
export function listenForErrors(page: Page): readonly string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // An answer that refuses is written to the console by the browser itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      errors.push(message.text());
  });
  return errors;
}
