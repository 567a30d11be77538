import axe from "axe-core";
import type { Page } from "playwright-core";

interface Found {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary: string;
  }[];
}

/** What axe finds in the page that keeps somebody out, a line each; all of WCAG 2.2 A and AA. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  // Evaluated as the browser's tools do: the page's own policy lets nobody add a script.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: readonly Found[] }>(
    `axe.run(document, { resultTypes: ["violations"] })`,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`,
    ),
  );
}
