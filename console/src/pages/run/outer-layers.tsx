import type { RunExplanation } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { runStateWords } from "../../words/run-state.ts";
import { toDuration } from "../../words/to-duration.ts";
import { toExact } from "../../words/to-exact.ts";
import { LayerCard } from "./layer-card.tsx";
import { RunLink } from "./run-head.tsx";

export function IdentityLayer({
  identity,
  isLive,
}: {
  readonly identity: RunExplanation["identity"];
  readonly isLive: boolean;
}) {
  const { kind, subject, roles, agent, bundle, parent, forkOf, deadline } = identity;
  const facts = [
    { name: "Roles", value: roles.length === 0 ? "none" : <Inert text={roles.join(", ")} /> },
    { name: "Bundle", value: <Copy text={bundle} label="bundle's digest" /> },
    ...(parent === null
      ? []
      : [
          {
            name: "Called by",
            value: (
              <>
                <RunLink id={parent.run} isLive={isLive} /> in step {parent.step}
              </>
            ),
          },
        ]),
    ...(forkOf === null
      ? []
      : [
          {
            name: "Fork of",
            value: (
              <>
                <RunLink id={forkOf.run} isLive={isLive} /> at step {forkOf.step}
              </>
            ),
          },
        ]),
    { name: "Deadline", value: deadline === null ? "none" : <Deadline {...deadline} /> },
  ];
  return (
    <LayerCard
      title="Who asked"
      layer={identity}
      said={
        <>
          The {kind} <Inert text={subject} /> asked the agent <Inert text={agent} />.
        </>
      }
    >
      <Facts facts={facts} />
    </LayerCard>
  );
}

type DeadlineProps = NonNullable<RunExplanation["identity"]["deadline"]>;

function Deadline({ at, leftAtStartMs, leftMs, moved }: DeadlineProps) {
  return (
    <>
      {toExact(Date.parse(at))}: {toDuration(leftAtStartMs)} when it was asked for,{" "}
      {leftMs < 0 ? (
        <span className="text-danger">over by {toDuration(-leftMs)}</span>
      ) : (
        `${toDuration(leftMs)} left`
      )}{" "}
      at its last event{moved ? "; somebody moved it" : ""}.
    </>
  );
}

const awaited = {
  approval: "waited for a person",
  timer: "waited for a time",
  signal: "waited for a signal",
  run: "waited for a sub-agent",
  credential: "waited for somebody's consent",
  resume: "rested until it was resumed",
} as const;

const waitsShown = 8;

export function AdmissionLayer({ admission }: { readonly admission: RunExplanation["admission"] }) {
  const { asked, started, queuedMs, waits, taken, lost } = admission;
  const older = waits.length - waitsShown;
  return (
    <LayerCard
      title="Admission and queue"
      layer={admission}
      said={
        queuedMs === null
          ? "No worker has taken it yet."
          : `A worker took it after ${toDuration(queuedMs)}.`
      }
    >
      <Facts
        facts={[
          { name: "Asked", value: toMoment(asked) },
          { name: "First taken", value: started === null ? "not yet" : toMoment(started) },
          { name: "Taken", value: `${taken} ${taken === 1 ? "time" : "times"}, once a wake` },
          {
            name: "Workers lost",
            value:
              lost.length === 0 ? "none while a model was asked" : lost.map(toMoment).join(", "),
          },
        ]}
      />
      {waits.length === 0 ? null : (
        <ul className="mt-3 grid gap-1 text-sm">
          {waits.slice(-waitsShown).map(({ for: what, from, until }) => (
            <li key={from} className="flex flex-wrap gap-x-3">
              <span className="text-muted tabular-nums">{toMoment(from)}</span>
              <span>
                {awaited[what]},{" "}
                {until === null
                  ? "and still does"
                  : toDuration(Date.parse(until) - Date.parse(from))}
              </span>
            </li>
          ))}
          {older > 0 ? <li className="text-muted">and {older} before</li> : null}
        </ul>
      )}
    </LayerCard>
  );
}

const toMoment = (at: string): string => toExact(Date.parse(at));

export function StateLayer({ state: given }: { readonly state: RunExplanation["state"] }) {
  const { state, seq, event, by, detail, paused, resumed, stopped } = given;
  const { tone, meaning } = runStateWords[state];
  return (
    <LayerCard
      title="State"
      layer={given}
      said={
        <>
          <Badge tone={tone}>{state}</Badge> {meaning}
        </>
      }
    >
      <Facts
        facts={[
          {
            name: "Put there by",
            value: (
              <>
                event {seq}, <code className="font-mono text-xs">{event}</code>
                {by === null ? null : (
                  <>
                    {" "}
                    of <Inert text={by} />
                  </>
                )}
              </>
            ),
          },
          ...(detail === null || detail === ""
            ? []
            : [{ name: "Said", value: <Inert text={detail} /> }]),
          { name: "Before", value: `paused ${paused}, stopped ${stopped}, resumed ${resumed}` },
        ]}
      />
    </LayerCard>
  );
}

export function DeliveryLayer({ delivery }: { readonly delivery: RunExplanation["delivery"] }) {
  const { ready, announced } = delivery;
  return (
    <LayerCard
      title="Delivery"
      layer={delivery}
      isLast
      said={
        ready === null
          ? "There is no output."
          : `The output was ready at ${toMoment(ready.at)}, with event ${ready.seq}.`
      }
    >
      {announced.length === 0 ? (
        <p className="text-sm text-muted">Webhooks have been told nothing of it.</p>
      ) : (
        <Facts
          facts={announced.map(({ id, type, at }) => ({
            name: toMoment(at),
            value: (
              <>
                webhooks that ask for <code className="font-mono text-xs">{type}</code> are told, as{" "}
                <Copy text={id} label="event's id" />
              </>
            ),
          }))}
        />
      )}
    </LayerCard>
  );
}
