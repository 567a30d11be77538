import { Page } from "../../ui/page.tsx";

export function BundlesPage() {
  return <Page title="Bundles">{null}</Page>;
}
