import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import type { Page } from "playwright-core";

const folder = fileURLToPath(new URL("pictures", import.meta.url));
/** Edges of letters differ between machines; what moved or changed its colour is more than that. */
const toleratedShare = 0.01;

export interface Compared {
  /** Of all points, those that differ; null where there was nothing to compare with. */
  readonly share: number | null;
  /** What differs, in red, beside the golden picture's place. */
  readonly difference: string | null;
}

/**
 * A picture of the page beside the one that was looked at before. With `-u` it takes its place; a
 * difference above the tolerance is written beside it, to be looked at.
 */
export async function comparePicture(
  page: Page,
  name: string,
  updates: boolean,
): Promise<Compared> {
  const place = path.join(folder, `${name}.png`);
  const taken = await takeStill(page);
  if (updates || !existsSync(place)) {
    mkdirSync(folder, { recursive: true });
    if (updates) writeFileSync(place, taken);
    return { share: null, difference: null };
  }
  const [before, now] = [PNG.sync.read(readFileSync(place)), PNG.sync.read(taken)];
  const { width, height } = now;
  if (before.width !== width || before.height !== height) return { share: 1, difference: null };
  const shown = new PNG({ width, height });
  const differing = pixelmatch(before.data, now.data, shown.data, width, height, {
    threshold: 0.2,
  });
  const share = differing / (width * height);
  if (share <= toleratedShare) return { share, difference: null };
  const difference = path.join(folder, `${name}.difference.png`);
  writeFileSync(difference, PNG.sync.write(shown));
  return { share, difference };
}

/** So often the same, so long apart, that all has come that was still to come. */
const sameTimes = 3;
const apartMs = 120;
const maxTimes = 60;

async function takeStill(page: Page): Promise<Buffer> {
  let last = await page.screenshot({ animations: "disabled", caret: "hide" });
  let same = 1;
  for (let times = 1; times < maxTimes; times += 1) {
    await page.waitForTimeout(apartMs);
    const next = await page.screenshot({ animations: "disabled", caret: "hide" });
    same = next.equals(last) ? same + 1 : 1;
    last = next;
    if (same >= sameTimes) return last;
  }
  throw new Error("the page does not come to rest");
}
