import type { z } from "zod";

/** One operation of a contract, or several. */
export type Operation<Contract, Method extends string, Path> = Contract extends { operations: readonly (infer One)[] }
  ? Extract<One, { method: Method; path: Path }>
  : never;

/** The JSON an operation takes. */
export type Body<One> = One extends { body: infer Schema extends z.ZodType } ? z.input<Schema> : never;

/** The parameters an operation takes, as a program has them before they become text. */
export type Query<One> = One extends { query: infer Schema extends z.ZodType } ? Untexted<z.input<Schema>> : never;

/** The JSON of an operation's response, whatever its status. */
export type Success<One> = One extends { responses: infer Responses } ? z.output<Responses[keyof Responses]> : never;

/** A parameter that takes `true` and `false` is a flag, and one that takes whatever becomes a number is a number. */
type Untexted<Parameters> = {
  [Name in keyof Parameters]: unknown extends Parameters[Name] ? number
    : Exclude<Parameters[Name], undefined> extends "true" | "false" ? boolean
    : Parameters[Name];
};

/** Whether two types are one, but for how they were put together and for `undefined` in what may be left out. */
export type Same<One, Other> = (<T>() => T extends Plain<One> ? 1 : 2) extends (<T>() => T extends Plain<Other> ? 1 : 2)
  ? true
  : false;

type Plain<Type> = Type extends readonly (infer Item)[] ? Plain<Item>[]
  : Type extends object ? { [Key in keyof Type]: Plain<Exclude<Type[Key], undefined>> }
  : Type;
