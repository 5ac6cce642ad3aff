import type { Contract, Operation } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { UUID_PATTERN } from "./ids.ts";

/** The operation that a request asks for. */
export interface Route {
  operation: Operation;
  /** The parameters of its path. Ids are in lower case. */
  parameters: Readonly<Record<string, string>>;
}

/**
 * Finds the operation of a request by its method and its whole path. Each path has one spelling: an additional slash, an
 * encoded character or another case is another path. Only the ids in it may have capitals.
 * @throws ApiError `not_found` for an unknown path, and `method_not_allowed` with Allow for another method of a known one
 */
export function router({ operations }: Contract): (request: Request) => Route {
  const known = operations.map((operation) => ({ operation, pattern: patternOf(operation.path) }));
  return ({ method, url }) => {
    const { pathname } = new URL(url);
    // The platform calls a function as `/<name>/…`.
    const path = pathname.replace(/^\/[A-Za-z0-9_-]+/, "");
    const matches = known.flatMap(({ operation, pattern }) => {
      const match = pattern.exec(path);
      return match === null ? [] : [{ operation, parameters: parametersOf(match) }];
    });
    if (matches.length === 0) {
      throw new ApiError("not_found", `Cannot ${method} "${pathname.slice(0, 100)}": this path does not exist`);
    }
    const route = matches.find(({ operation }) => operation.method === method);
    if (route === undefined) throw methodNotAllowed(method, matches.map(({ operation }) => operation.method));
    return route;
  };
}

/** The error for a method that none of the operations has. */
export function methodNotAllowed(method: string, methods: Iterable<string>): ApiError {
  const allowed = [...new Set(methods)].sort();
  return new ApiError("method_not_allowed", `Cannot ${method} here: the methods are ${allowed.join(" and ")}`, {
    headers: { allow: [...allowed, "OPTIONS"].join(", ") },
  });
}

const ID = UUID_PATTERN.replaceAll("a-f", "a-fA-F");

/** `/{campaignId}/pause` as a regular expression. */
function patternOf(path: string): RegExp {
  const pattern = path.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => `(?<${name}>${name.endsWith("Id") ? ID : "[^/]+"})`,
  );
  return new RegExp(`^${pattern}$`);
}

function parametersOf({ groups = {} }: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, name.endsWith("Id") ? value.toLowerCase() : value]),
  );
}
