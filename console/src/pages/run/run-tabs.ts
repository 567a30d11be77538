import { lazyRouteComponent } from "@tanstack/react-router";
import type { RunTab } from "./run-tab.ts";

/** The ways to look at a run, in the order in which somebody on call asks. */
export const runTabs: readonly RunTab[] = [
  {
    name: "timeline",
    title: "Timeline",
    View: lazyRouteComponent(() => import("./timeline-tab.tsx"), "TimelineTab"),
  },
  {
    name: "conversation",
    title: "Conversation",
    View: lazyRouteComponent(() => import("./conversation-tab.tsx"), "ConversationTab"),
  },
  {
    name: "events",
    title: "Events",
    View: lazyRouteComponent(() => import("./events-tab.tsx"), "EventsTab"),
  },
  {
    name: "cost",
    title: "Cost",
    View: lazyRouteComponent(() => import("./cost-tab.tsx"), "CostTab"),
  },
  {
    name: "context",
    title: "Context",
    View: lazyRouteComponent(() => import("./context-tab.tsx"), "ContextTab"),
  },
  { name: "why", title: "Why", View: lazyRouteComponent(() => import("./why-tab.tsx"), "WhyTab") },
  {
    name: "outside",
    title: "Outside in",
    View: lazyRouteComponent(() => import("./outside-tab.tsx"), "OutsideTab"),
  },
];
