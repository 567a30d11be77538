import { z } from "zod";

const credential = z.object({
  server: z.string(),
  subject: z.string().describe("Who agreed: `user:ada`, `service:caller`."),
  hosts: z.array(z.string()).describe("Where alone it is sent to."),
  writtenAt: z.iso.datetime().describe("When it was granted, or refreshed last."),
});

export const credentialSchemas = {
  Credentials: z.object({
    credentials: z.array(credential),
    next: z.string().nullable().describe("What to ask for as `after`; null on the last page."),
  }),
  CredentialRevoked: z.object({
    server: z.string(),
    removed: z.boolean().describe("Whether there was a grant here, which now is gone."),
    revoked: z.boolean().describe("Whether the authorization server says that it is revoked."),
  }),
  ConsentRedirect: z.object({ url: z.url().describe("Where the browser goes next.") }),
  ConsentGranted: z.object({ server: z.string() }),
} as const;
