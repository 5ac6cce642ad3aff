import { isoSeconds } from "../dates.ts";
import { ApiError, notFound } from "../errors.ts";
import { newSid } from "../identifiers.ts";
import type { Bundle, BundleStatus, NumberType } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import type { Store } from "../store.ts";

const BASE = "/numbers.twilio.com/v2/RegulatoryCompliance/Bundles";

/**
 * numbers.twilio.com: the regulatory bundles of an account. An account can submit its bundle (`pending-review`) and take
 * it back (`draft`); Twilio decides on it, which is `POST /_sim/bundles`. Bundles have no items here.
 */
export const bundleRoutes: Route[] = [
  { method: "POST", pattern: BASE, handle: createBundle },
  { method: "GET", pattern: BASE, handle: listBundles },
  { method: "GET", pattern: `${BASE}/:sid`, handle: (call) => ({ status: 200, body: bundleBody(bundleOf(call)) }) },
  { method: "POST", pattern: `${BASE}/:sid`, handle: updateBundle },
  { method: "DELETE", pattern: `${BASE}/:sid`, handle: deleteBundle },
];

/** What a new bundle is for. Without a number type, it is valid for each type. */
export interface BundleDraft {
  accountSid: string;
  isoCountry: string;
  numberType: NumberType | null;
  status: BundleStatus;
  friendlyName?: string;
  email?: string;
}

/** Adds a bundle to the store. */
export function addBundle(store: Store, draft: BundleDraft): Bundle {
  const now = Date.now();
  const bundle: Bundle = {
    seq: store.nextSeq(),
    sid: newSid("BU"),
    friendlyName: "",
    email: "",
    ...draft,
    createdAt: now,
    updatedAt: now,
  };
  store.bundles.set(bundle.sid, bundle);
  store.changed();
  return bundle;
}

function createBundle({ simulation, actor, form }: ApiCall): Answer {
  const [friendlyName, email] = [form.get("FriendlyName"), form.get("Email")];
  if (!friendlyName || !email) throw new ApiError(20001, "Missing required parameter FriendlyName or Email");
  const bundle = addBundle(simulation.store, {
    accountSid: actor.sid,
    isoCountry: form.get("IsoCountry") ?? "",
    numberType: numberTypeOf(form.get("NumberType")),
    status: "draft",
    friendlyName,
    email,
  });
  return { status: 201, body: bundleBody(bundle) };
}

/** Answers with all bundles on one page. */
function listBundles({ simulation, actor, query, path }: ApiCall): Answer {
  const [status, country] = [query.get("Status"), query.get("IsoCountry")];
  const results = [...simulation.store.bundles.values()]
    .filter((bundle) => bundle.accountSid === actor.sid)
    .filter((bundle) => status === null || bundle.status === status)
    .filter((bundle) => country === null || bundle.isoCountry === country)
    .reverse().map(bundleBody);
  const url = `https:/${path}`;
  const meta = {
    ...{ page: 0, page_size: 1000, key: "results", url, first_page_url: url },
    ...{ previous_page_url: null, next_page_url: null },
  };
  return { status: 200, body: { results, meta } };
}

function updateBundle(call: ApiCall): Answer {
  const bundle = bundleOf(call);
  const { form } = call;
  const status = form.get("Status");
  if (status !== null && status !== "draft" && status !== "pending-review") {
    throw new ApiError(22203, `Unable to set the bundle status '${status}'`);
  }
  bundle.status = status ?? bundle.status;
  bundle.friendlyName = form.get("FriendlyName") ?? bundle.friendlyName;
  bundle.email = form.get("Email") ?? bundle.email;
  bundle.updatedAt = Date.now();
  call.simulation.store.changed();
  return { status: 200, body: bundleBody(bundle) };
}

function deleteBundle(call: ApiCall): Answer {
  call.simulation.store.bundles.delete(bundleOf(call).sid);
  call.simulation.store.changed();
  return { status: 204 };
}

function bundleOf({ simulation, actor, params, path }: ApiCall): Bundle {
  const bundle = simulation.store.bundles.get(params["sid"] ?? "");
  if (bundle?.accountSid !== actor.sid) throw notFound(path);
  return bundle;
}

function numberTypeOf(text: string | null): NumberType | null {
  if (text === null || text === "") return null;
  if (text === "local" || text === "mobile" || text === "toll-free") return text;
  throw new ApiError(22200, `Invalid End-User Type or Number Type '${text}'`);
}

function bundleBody(bundle: Bundle): Record<string, unknown> {
  const url = `https:/${BASE}/${bundle.sid}`;
  return {
    sid: bundle.sid,
    account_sid: bundle.accountSid,
    regulation_sid: null,
    friendly_name: bundle.friendlyName,
    status: bundle.status,
    valid_until: null,
    email: bundle.email,
    status_callback: null,
    date_created: isoSeconds(bundle.createdAt),
    date_updated: isoSeconds(bundle.updatedAt),
    url,
    links: {
      evaluations: `${url}/Evaluations`,
      item_assignments: `${url}/ItemAssignments`,
      bundle_copies: `${url}/Copies`,
      replace_items: `${url}/ReplaceItems`,
    },
  };
}
