import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import type { Page } from "playwright-core";

/** Edges of letters differ between machines; what moved or changed its colour is more than that. */
const toleratedShare = 0.01;

/** Where the golden picture lies, and whether what is seen now takes its place. */
export interface Golden {
  readonly place: string;
  readonly updates: boolean;
}

/**
 * What is wrong with how the page looks, beside a picture that was looked at before; null: nothing. A
 * difference above the tolerance is written beside the picture, in red, to be looked at.
 */
export async function comparePicture(
  page: Pick<Page, "screenshot" | "waitForTimeout">,
  { place, updates }: Golden,
): Promise<string | null> {
  const taken = await takeStill(page);
  if (updates) {
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, taken);
    return null;
  }
  if (!existsSync(place)) return `there is no ${path.basename(place)} to compare with`;
  const [before, now] = [PNG.sync.read(readFileSync(place)), PNG.sync.read(taken)];
  const { width, height } = now;
  if (before.width !== width || before.height !== height)
    return `it was ${before.width} x ${before.height}, and is ${width} x ${height}`;
  const shown = new PNG({ width, height });
  const differing = pixelmatch(before.data, now.data, shown.data, width, height, {
    threshold: 0.2,
  });
  const share = differing / (width * height);
  if (share <= toleratedShare) return null;
  const difference = place.replace(/\.png$/, ".difference.png");
  writeFileSync(difference, PNG.sync.write(shown));
  return `${share} of it differs, see ${difference}`;
}

/** So often the same, so long apart, that all has come that was still to come. */
const sameTimes = 3;
const apartMs = 120;
const maxTimes = 60;

async function takeStill(page: Parameters<typeof comparePicture>[0]): Promise<Buffer> {
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
