import type * as z from "zod";

/** The operations of a contract with this method and path. */
export type Operation<Contract, Method extends string, Path> = Contract extends { operations: readonly (infer One)[] }
  ? Extract<One, { method: Method; path: Path }>
  : never;

/** The JSON body of an operation. */
export type Body<One> = One extends { body: infer Schema extends z.ZodType } ? z.input<Schema> : never;

/** The query parameters of an operation, before they are serialised. */
export type Query<One> = One extends { query: infer Schema extends z.ZodType } ? Untexted<z.input<Schema>> : never;

/** The JSON response of an operation, for any success status. */
export type Success<One> = One extends { responses: infer Responses } ? z.output<Responses[keyof Responses]> : never;

/** A parameter of `true` and `false` is a boolean, and a coerced number is a number. */
type Untexted<Parameters> = {
  [Name in keyof Parameters]: unknown extends Parameters[Name] ? number
    : Exclude<Parameters[Name], undefined> extends "true" | "false" ? boolean
    : Parameters[Name];
};

/** Whether two types are equal, apart from how they are composed and from `undefined` in optional properties. */
export type Same<One, Other> = (<T>() => T extends Plain<One> ? 1 : 2) extends (<T>() => T extends Plain<Other> ? 1 : 2)
  ? true
  : false;

type Plain<Type> = Type extends readonly (infer Item)[] ? Plain<Item>[]
  : Type extends object ? { [Key in keyof Type]: Plain<Exclude<Type[Key], undefined>> }
  : Type;
