import { booleanOf } from "../booleans.ts";
import { rfc2822 } from "../dates.ts";
import { ApiError, notFound } from "../errors.ts";
import { newSid } from "../identifiers.ts";
import { page } from "../paging.ts";
import type { Address } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/2010-04-01/Accounts/:account/Addresses";

/** Twilio's parameters and the fields of an address. */
const TEXTS = {
  CustomerName: "customerName",
  Street: "street",
  StreetSecondary: "streetSecondary",
  City: "city",
  Region: "region",
  PostalCode: "postalCode",
  FriendlyName: "friendlyName",
} as const;
const REQUIRED = ["CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry"];

/** `/Addresses`: the addresses of an account, which regulated numbers need. Every address counts as validated. */
export const addressRoutes: Route[] = [
  { method: "POST", pattern: BASE, needsActiveAccount: true, handle: createAddress },
  { method: "GET", pattern: BASE, handle: listAddresses },
  { method: "GET", pattern: `${BASE}/:sid`, handle: (call) => ({ status: 200, body: addressBody(addressOf(call)) }) },
  { method: "POST", pattern: `${BASE}/:sid`, handle: updateAddress },
  { method: "DELETE", pattern: `${BASE}/:sid`, handle: deleteAddress },
];

function createAddress({ simulation: { store }, account, form }: ApiCall): Answer {
  for (const name of REQUIRED) {
    if (!form.get(name)) throw new ApiError(20001, `Missing required parameter ${name} in the post body`);
  }
  const isoCountry = form.get("IsoCountry") ?? "";
  if (!/^[A-Z]{2}$/.test(isoCountry)) throw new ApiError(21626, `Invalid IsoCountry '${isoCountry}'`);
  const now = Date.now();
  const address: Address = {
    seq: store.nextSeq(),
    sid: newSid("AD"),
    accountSid: account.sid,
    ...{ customerName: "", street: "", streetSecondary: "", city: "", region: "", postalCode: "", friendlyName: "" },
    isoCountry,
    emergencyEnabled: booleanOf(form, "EmergencyEnabled") ?? false,
    createdAt: now,
    updatedAt: now,
  };
  applyTexts(address, form);
  store.addresses.set(address.sid, address);
  store.changed();
  return { status: 201, body: addressBody(address) };
}

function listAddresses(call: ApiCall): Answer {
  const { query } = call;
  const [country, name] = [query.get("IsoCountry"), query.get("FriendlyName")];
  const found = [...call.simulation.store.addresses.values()]
    .filter(({ accountSid }) => accountSid === call.account.sid)
    .filter(({ isoCountry }) => country === null || isoCountry === country)
    .filter(({ friendlyName }) => name === null || friendlyName === name)
    .reverse();
  return { status: 200, body: page(call, "addresses", found, addressBody) };
}

function updateAddress(call: ApiCall): Answer {
  const address = addressOf(call);
  applyTexts(address, call.form);
  address.emergencyEnabled = booleanOf(call.form, "EmergencyEnabled") ?? address.emergencyEnabled;
  address.updatedAt = Date.now();
  call.simulation.store.changed();
  return { status: 200, body: addressBody(address) };
}

function deleteAddress(call: ApiCall): Answer {
  call.simulation.store.addresses.delete(addressOf(call).sid);
  call.simulation.store.changed();
  return { status: 204 };
}

function addressOf({ simulation, account, params, path }: ApiCall): Address {
  const address = simulation.store.addresses.get(params["sid"] ?? "");
  if (address?.accountSid !== account.sid) throw notFound(path);
  return address;
}

function applyTexts(address: Address, form: URLSearchParams): void {
  for (const [parameter, field] of Object.entries(TEXTS)) address[field] = form.get(parameter) ?? address[field];
}

function addressBody(address: Address): Record<string, unknown> {
  return {
    sid: address.sid,
    account_sid: address.accountSid,
    friendly_name: address.friendlyName,
    customer_name: address.customerName,
    street: address.street,
    street_secondary: address.streetSecondary || null,
    city: address.city,
    region: address.region,
    postal_code: address.postalCode,
    iso_country: address.isoCountry,
    emergency_enabled: address.emergencyEnabled,
    validated: true,
    verified: true,
    date_created: rfc2822(address.createdAt),
    date_updated: rfc2822(address.updatedAt),
    uri: `/2010-04-01/Accounts/${address.accountSid}/Addresses/${address.sid}.json`,
  };
}
