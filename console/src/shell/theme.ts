import { createSignal } from "../ui/signal.ts";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const place = "countersign.theme";

export const theme = createSignal<Theme>(readTheme());

/** Before anything is painted. */
export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

export function chooseTheme(chosen: Theme): void {
  theme.set(chosen);
  applyTheme();
  try {
    localStorage.setItem(place, chosen);
  } catch {
    // A browser that keeps nothing has it until the page is closed.
  }
}

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(place);
    return themes.find((name) => name === kept) ?? "system";
  } catch {
    return "system";
  }
}
