import { createQuickjsUnderTest } from "./conformance/quickjs-under-test.ts";

/** A server with a sandbox in an endless loop, which is killed; it says when it is up. */
const { start } = createQuickjsUnderTest(67_200);
const sandbox = await start(`console.log("up"); for (;;) {}`);
sandbox.stdin.end();
await new Promise((resolve) => sandbox.stdout.once("data", resolve));
console.log("up");
await sandbox.ended;
