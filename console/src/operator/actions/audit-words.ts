import type { AuditLine } from "../../../../client/switchboard.ts";
import { inWords } from "../details.ts";

type Told = Pick<AuditLine, "details">;

/** The characters of an id that tell operators apart. */
const SHORT_ID = 8;

/** Who acted: `you`, `operator 3f2a91c0`, `the tenant`, or the part of the system that did, such as `converge`. */
export function actorInWords(actor: string, ownId: string): string {
  const [kind, id] = actor.split(":");
  if (id === undefined) return actor;
  if (id === ownId) return "you";
  return kind === "user" ? "the tenant" : `${kind} ${id.slice(0, SHORT_ID)}`;
}

/** Why an operator acted; null where none was given, or where the details expired. */
export function reasonOf({ details }: Told): string | null {
  const { reason } = details;
  return typeof reason === "string" && reason !== "" ? reason : null;
}

/** What else a line says, by name, without what says nothing. */
export function factsOf({ details }: Told): [name: string, value: string][] {
  return Object.entries(details).flatMap(([name, value]): [string, string][] => {
    if (name === "reason" || value === null || value === undefined || value === "") return [];
    return [[inWords(name), typeof value === "object" ? compact(value) : String(value)]];
  });
}

/** `{"dailyMessageLimit":50,"markup":null}` as `Daily message limit 50`. */
function compact(value: object): string {
  if (Array.isArray(value)) return value.map((one) => typeof one === "object" ? JSON.stringify(one) : one).join(", ");
  const given = Object.entries(value).filter(([, one]) => one !== null);
  return given.map(([name, one]) => `${inWords(name)} ${typeof one === "object" ? JSON.stringify(one) : one}`)
    .join(", ") || "none";
}
