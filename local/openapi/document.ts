import { COMMON_ERRORS, type Contract, type Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { ERROR_STATUS, type ErrorCode } from "../../supabase/functions/_shared/platform/errors.ts";
import type { Contracts } from "./contracts.ts";
import { COMPONENTS, ERROR_HEADERS, SECURITY } from "./components.ts";
import { schemasOf } from "./schemas.ts";

type Json = Record<string, unknown>;

/** OpenAPI 3.1 for what the contracts say: the same text for the same contracts. */
export function openapiOf(contracts: Contracts): Json {
  const schemas = schemasOf();
  const paths: Record<string, Json> = {};
  for (const [name, contract] of Object.entries(contracts)) {
    for (const operation of contract.operations) {
      const item = paths[`/functions/v1/${name}${operation.path}`] ??= {};
      item[operation.method.toLowerCase()] = describe(name, contract, operation, schemas);
    }
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Switchboard",
      version: "1.0.0",
      description: "A phone system of their own for every customer: isolated Twilio subaccounts on Supabase. " +
        "Request bodies and queries are strict: an unknown field is refused with 400. Responses may gain fields. " +
        "Written by `deno task openapi` from the contract beside each function; do not edit.",
    },
    servers: [{
      url: "{supabaseUrl}",
      variables: { supabaseUrl: { default: "http://127.0.0.1:54321", description: "The project's address" } },
    }],
    tags: Object.keys(contracts).map((name) => ({ name })),
    paths,
    components: { ...COMPONENTS, schemas: { ...COMPONENTS.schemas, ...schemas.shared }, responses: commonResponses() },
  };
}

/** How the document is written to `openapi.json`. */
export function written(document: Json): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

type Schemas = ReturnType<typeof schemasOf>;

function describe(name: string, { caller }: Contract, operation: Operation, schemas: Schemas): Json {
  const parameters = [...pathParameters(operation), ...queryParameters(operation, schemas), ...headersOf(operation)];
  const query = operation.query?.meta()?.id;
  return {
    operationId: [operation.method.toLowerCase(), name, operation.path].join("-").replaceAll(/[^a-z0-9]+/gi, "-")
      .replace(/-$/, ""),
    tags: [name],
    summary: operation.summary,
    security: SECURITY[caller],
    ...(parameters.length > 0 && { parameters }),
    // What the client calls the query as a whole.
    ...(query !== undefined && { "x-query": query }),
    ...(operation.body !== undefined && { requestBody: requestBody(caller, schemas.of(operation.body, "input")) }),
    responses: { ...answersOf(operation, schemas), ...refusalsOf(operation) },
  };
}

/** Twilio posts forms, everybody else JSON. */
function requestBody(caller: Contract["caller"], schema: Json): Json {
  const type = caller === "twilio" ? "application/x-www-form-urlencoded" : "application/json";
  return { required: true, content: { [type]: { schema } } };
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query }: Operation, schemas: Schemas): Json[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemas.inline(query, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    ...(required.includes(name) && { required: true }),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function headersOf({ headers = {} }: Operation): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  }));
}

function answersOf({ answers }: Operation, schemas: Schemas): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => [status, {
      description: ANSWERS[status] ?? "Done",
      headers: { "x-request-id": { $ref: "#/components/headers/RequestId" } },
      ...(schema !== null && { content: { "application/json": { schema: schemas.of(schema, "output") } } }),
    }]),
  );
}

const ANSWERS: Readonly<Record<string, string>> = {
  200: "As asked",
  201: "Created",
  202: "Accepted: it is done soon after",
  204: "Done, and nothing to say",
};

/** By status the codes that may be met: those of every endpoint by reference, those of this one beside them. */
function refusalsOf({ errors }: Operation): Record<string, Json> {
  const common = byStatus(COMMON_ERRORS);
  const statuses = Object.keys(byStatus([...COMMON_ERRORS, ...errors]));
  const own = byStatus(errors);
  return Object.fromEntries(statuses.map((status) => [
    status,
    own[status] === undefined
      ? { $ref: `#/components/responses/${status}` }
      : refusal([...new Set([...common[status] ?? [], ...own[status]])]),
  ]));
}

function commonResponses(): Record<string, Json> {
  return Object.fromEntries(Object.entries(byStatus(COMMON_ERRORS)).map(([status, codes]) => [status, refusal(codes)]));
}

function byStatus(codes: readonly ErrorCode[]): Record<string, ErrorCode[]> {
  const grouped: Record<string, ErrorCode[]> = {};
  for (const code of codes) (grouped[ERROR_STATUS[code]] ??= []).push(code);
  return grouped;
}

function refusal(codes: readonly ErrorCode[]): Json {
  return {
    description: `Refused: ${codes.join(", ")}`,
    headers: ERROR_HEADERS,
    content: {
      "application/json": {
        schema: {
          allOf: [{ $ref: "#/components/schemas/Error" }, { properties: { code: { enum: [...codes] } } }],
        },
      },
    },
  };
}
