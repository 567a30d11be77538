import { useSearch } from "@tanstack/react-router";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { CallsPart } from "./calls-part.tsx";
import { ConfigurationPart } from "./configuration-part.tsx";
import { CredentialsPart } from "./credentials-part.tsx";
import { FreezesPart } from "./freezes-part.tsx";
import { HolderPart } from "./holder-part.tsx";
import { KeysPart } from "./keys-part.tsx";
import { ModelsPart } from "./models-part.tsx";
import { PasskeysPart } from "./passkeys-part.tsx";
import { RunningPart } from "./running-part.tsx";
import { SandboxesPart } from "./sandboxes-part.tsx";
import { SecretsPart } from "./secrets-part.tsx";
import { ThemePart } from "./theme-part.tsx";

const tabs = [
  { name: "health", title: "Health" },
  { name: "stops", title: "Stops and doubts" },
  { name: "access", title: "Access" },
  { name: "configuration", title: "Configuration" },
  { name: "page", title: "This page" },
] as const;

export function SettingsPage() {
  const search: { readonly tab?: unknown } = useSearch({ strict: false });
  const chosen = tabs.find(({ name }) => name === search.tab)?.name ?? "health";
  return (
    <Page title="Settings" fills>
      <div className="flex h-full min-h-0 flex-col">
        <Tabs tabs={tabs} chosen={chosen} />
        <div className="min-h-0 flex-1 overflow-y-auto p-4 md:p-6">{show(chosen)}</div>
      </div>
    </Page>
  );
}

function show(tab: (typeof tabs)[number]["name"]) {
  switch (tab) {
    case "health":
      return (
        <>
          <RunningPart />
          <ModelsPart />
          <SandboxesPart />
        </>
      );
    case "stops":
      return (
        <>
          <FreezesPart />
          <CallsPart />
        </>
      );
    case "access":
      return (
        <>
          <HolderPart />
          <PasskeysPart />
          <SecretsPart />
          <CredentialsPart />
        </>
      );
    case "configuration":
      return <ConfigurationPart />;
    case "page":
      return (
        <>
          <ThemePart />
          <KeysPart />
        </>
      );
  }
}
