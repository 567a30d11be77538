import { loadPage } from "../../shell/load-page.ts";
import type { RunTab } from "./run-tab.ts";

/** The ways to look at a run, in the order in which somebody on call asks. */
export const runTabs: readonly RunTab[] = [
  {
    name: "timeline",
    title: "Timeline",
    View: loadPage(() => import("./timeline-tab.tsx"), "TimelineTab"),
  },
  {
    name: "conversation",
    title: "Conversation",
    View: loadPage(() => import("./conversation-tab.tsx"), "ConversationTab"),
  },
  {
    name: "events",
    title: "Events",
    View: loadPage(() => import("./events-tab.tsx"), "EventsTab"),
  },
  {
    name: "cost",
    title: "Cost",
    View: loadPage(() => import("./cost-tab.tsx"), "CostTab"),
  },
  {
    name: "context",
    title: "Context",
    View: loadPage(() => import("./context-tab.tsx"), "ContextTab"),
  },
  { name: "why", title: "Why", View: loadPage(() => import("./why-tab.tsx"), "WhyTab") },
  {
    name: "outside",
    title: "Outside in",
    View: loadPage(() => import("./outside-tab.tsx"), "OutsideTab"),
  },
];
