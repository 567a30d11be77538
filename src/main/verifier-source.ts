import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { createVerifierPage, joinVerifier, verifierFiles } from "../ledger/verifier-page.ts";

/** The offline verifier as a page, made of the very files that run here. */
export async function readVerifierPage(): Promise<string> {
  const sources = await Promise.all(verifierFiles.map(readSource));
  return createVerifierPage(joinVerifier(sources));
}

async function readSource(name: string): Promise<string> {
  const isBuilt = import.meta.url.endsWith(".js");
  const file = new URL(`../ledger/${name}.${isBuilt ? "js" : "ts"}`, import.meta.url);
  const text = await readFile(file, "utf8");
  return isBuilt ? text : stripTypeScriptTypes(text);
}
