import { Page } from "../../ui/page.tsx";

export function OpenPage() {
  return <Page title="Exported run">{null}</Page>;
}
