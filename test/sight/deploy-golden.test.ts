import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { deployFiles } from "./render-deploy.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test.each(Object.keys(deployFiles))("%s is what the tables say", async (file) => {
  await expect(deployFiles[file]).toMatchFileSnapshot(path.join(root, file));
});

test("there is no rule or dashboard besides", () => {
  const found = ["deploy/alerts", "deploy/collector", "deploy/dashboards"].flatMap((folder) =>
    readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`),
  );
  expect(found.toSorted()).toEqual(Object.keys(deployFiles).toSorted());
});
