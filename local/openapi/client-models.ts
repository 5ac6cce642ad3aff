import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { formatTypeScript } from "../format.ts";

type Json = Record<string, unknown>;

const BEGIN = "// <models> Written by `deno task openapi` from openapi.json; do not edit.";
const END = "// </models>";

/** Returns the client's source with regenerated models. @throws Error if the source has no region for them */
export async function withModels(client: string, document: Json): Promise<string> {
  const begin = client.indexOf(BEGIN);
  const end = client.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot write the models: the client lacks "${BEGIN}" … "${END}"`);
  return await formatTypeScript(
    `${client.slice(0, begin)}${BEGIN}\n\n${await modelsOf(document)}\n${client.slice(end)}`,
  );
}

/** Returns one exported type for each named schema and for each named query. */
async function modelsOf(document: Json): Promise<string> {
  const { components, paths } = document as { components: { schemas: Record<string, Json> }; paths: Json };
  const { Error: _error, ...named } = components.schemas;
  const schemas = { ...named, ...queriesOf(paths) };
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1));
  const nodes = await openapiTS(
    { openapi: "3.1.1", info: { title: "", version: "" }, paths: {}, components: { schemas: sorted } } as never,
    { silent: true, defaultNonNullable: false },
  );
  return nodes.flatMap(schemasIn).map((member) => declarationOf(member)).join("\n");
}

/** Returns each named query as one object schema. Flags, which are strings in a URL, become booleans. */
function queriesOf(paths: Json): Record<string, Json> {
  const operations = Object.values(paths).flatMap((item) => Object.values(item as Json)) as {
    summary: string;
    "x-query"?: string;
    parameters?: { name: string; in: string; required?: boolean; schema: Json; description?: string }[];
  }[];
  return Object.fromEntries(operations.flatMap(({ "x-query": name, summary, parameters = [] }) => {
    if (name === undefined) return [];
    const query = parameters.filter((parameter) => parameter.in === "query");
    const properties = Object.fromEntries(query.map(({ name, schema, description }) => [name, {
      ...(isFlag(schema) ? { type: "boolean" } : schema),
      ...(description !== undefined && { description }),
    }]));
    const required = query.filter((parameter) => parameter.required).map((parameter) => parameter.name);
    return [[name, { type: "object", description: summary, properties, required }]];
  }));
}

function isFlag({ enum: values }: Json): boolean {
  return Array.isArray(values) && values.length === 2 && values.includes("true") && values.includes("false");
}

/** Returns the properties of `components.schemas` in the output of openapi-typescript. */
function schemasIn(node: ts.Node): ts.PropertySignature[] {
  if (!ts.isInterfaceDeclaration(node) || node.name.text !== "components") return [];
  const schemas = node.members.find((member) => member.name && "text" in member.name && member.name.text === "schemas");
  const type = (schemas as ts.PropertySignature).type as ts.TypeLiteralNode;
  return type.members.filter(ts.isPropertySignature);
}

/** Converts `Name: {…}` to `export interface Name {…}`, or to a type alias if the type is not an object. */
function declarationOf(member: ts.PropertySignature): string {
  const name = (member.name as ts.Identifier).text;
  const type = plain(member.type!) as ts.TypeNode;
  const modifiers = [ts.factory.createModifier(ts.SyntaxKind.ExportKeyword)];
  const declaration = ts.isTypeLiteralNode(type)
    ? ts.factory.createInterfaceDeclaration(modifiers, name, undefined, undefined, type.members)
    : ts.factory.createTypeAliasDeclaration(modifiers, name, undefined, type);
  const comments = ts.getSyntheticLeadingComments(member) ?? [];
  const head = comments.map(({ text }) => `/*${text}*/\n`).join("");
  return withPlainComments(head + astToString(declaration));
}

/**
 * Replaces references by type names, and adds `undefined` to the type of each optional property, which callers with
 * `exactOptionalPropertyTypes` need.
 */
function plain(node: ts.Node): ts.Node {
  const visit = (inner: ts.Node): ts.Node => {
    if (ts.isIndexedAccessTypeNode(inner)) {
      const name = inner.indexType;
      if (ts.isLiteralTypeNode(name) && ts.isStringLiteral(name.literal)) {
        return ts.factory.createTypeReferenceNode(name.literal.text);
      }
    }
    const visited = ts.visitEachChild(inner, visit, undefined);
    if (!ts.isPropertySignature(visited) || visited.questionToken === undefined || visited.type === undefined) {
      return visited;
    }
    const orNone = ts.factory.createUnionTypeNode([
      visited.type,
      ts.factory.createKeywordTypeNode(ts.SyntaxKind.UndefinedKeyword),
    ]);
    const { modifiers, name, questionToken } = visited;
    const signature = ts.factory.updatePropertySignature(visited, modifiers, name, questionToken, orNone);
    return ts.setSyntheticLeadingComments(signature, ts.getSyntheticLeadingComments(inner) ?? []);
  };
  return visit(node);
}

/** Removes JSDoc tags from comments that repeat the type. */
function withPlainComments(text: string): string {
  return text.replaceAll(/\/\*\*[\s\S]*?\*\/\n?/g, (comment) => {
    const lines = comment.trim().slice(3, -2).split("\n").map((line) => line.replace(/^\s*\*?\s?/, "").trim())
      .filter((line) => line !== "" && !/^(@enum|@constant|Format:)/.test(line))
      .map((line) => line.replace(/^@description /, "").replace(/^@default (.*)$/, "Default: $1"));
    return lines.length === 0 ? "" : `/** ${lines.map((line) => line.replace(/[^.]$/, "$&.")).join(" ")} */\n`;
  });
}
