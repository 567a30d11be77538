import { existsSync } from "node:fs";
import { chromium, type Browser, type CDPSession, type Page } from "playwright-core";
import { afterAll, onTestFinished, type TestContext } from "vitest";

/** Debian's; `npm test` installs it where it may. */
const executablePath = "/usr/bin/chromium";

export interface TestBrowser {
  /** A page with nothing in it, gone with the test. Without a Chromium the test skips, and says so. */
  newPage(context: TestContext): Promise<Page>;
}

/** One Chromium for the test file, started when a test wants it. It reaches this machine alone. */
export function openBrowser(): TestBrowser {
  let browser: Promise<Browser> | undefined;
  afterAll(async () => {
    await (await browser)?.close();
  });
  return {
    async newPage(context) {
      context.skip(!existsSync(executablePath), "chromium is not installed");
      browser ??= start();
      const opened = await (await browser).newContext();
      onTestFinished(() => opened.close());
      return opened.newPage();
    },
  };
}

function start(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      // Root starts no sandbox of Chromium's; the pages are our own.
      "--no-sandbox",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
      "--disable-background-networking",
    ],
  });
}

export interface AuthenticatorOptions {
  /** Whether the person is who they say: a finger that fits, a PIN. */
  readonly verifies?: boolean;
  readonly transport?: "internal" | "usb";
}

export interface TestAuthenticator {
  /** Of the passkeys in it, in base64. */
  credentialIds(): Promise<readonly string[]>;
  /** From now on somebody else sits there. */
  setVerified(isVerified: boolean): Promise<void>;
  remove(): Promise<void>;
}

/** A virtual authenticator of Chromium's, with a person who touches it whenever they are asked. */
export async function addAuthenticator(
  page: Page,
  options: AuthenticatorOptions = {},
): Promise<TestAuthenticator> {
  const { verifies = true, transport = "internal" } = options;
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async credentialIds() {
      const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
      return credentials.map(({ credentialId }) => credentialId);
    },
    async setVerified(isUserVerified) {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    async remove() {
      await session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
    },
  };
}
