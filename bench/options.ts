import { parseArgs } from "node:util";

/** An option with its default. A number must be a positive integer. */
export interface Option<Value extends number | string | undefined = number | string | undefined> {
  default: Value;
  says: string;
}

/** The values of options, by name. A number stays a number, and a text may be absent without a default. */
export type ValuesOf<Options> = {
  [Name in keyof Options]: Options[Name] extends { default: number } ? number
    : Options[Name] extends { default: string } ? string
    : string | undefined;
};

/** Reads the options of a command. Prints the usage and exits for `--help` and for a wrong option. */
export function readOptions<const Options extends Record<string, Option>>(
  args: string[],
  command: { name: string; about: string; options: Options },
): ValuesOf<Options> {
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: "boolean" as const },
        ...Object.fromEntries(Object.keys(command.options).map((name) => [name, { type: "string" as const }])),
      },
    });
    if (values.help === true) {
      console.log(usage(command));
      Deno.exit(0);
    }
    const given = values as Record<string, string | undefined>;
    return Object.fromEntries(
      Object.entries(command.options).map(([name, option]) => [name, valueOf(name, option, given[name])]),
    ) as ValuesOf<Options>;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage(command)}`);
    Deno.exit(2);
  }
}

function valueOf(name: string, option: Option, given: string | undefined): Option["default"] {
  if (given === undefined || typeof option.default !== "number") return given ?? option.default;
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`Cannot use --${name} "${given}": it must be a positive integer`);
}

function usage({ name, about, options }: { name: string; about: string; options: Record<string, Option> }): string {
  const lines = Object.entries(options).map(([option, { default: standard, says }]) => {
    const label = `--${option} ${typeof standard === "number" ? "N" : "TEXT"}`;
    return `  ${label.padEnd(19)} ${says}${standard === undefined ? "" : ` (default: ${standard})`}`;
  });
  return [`Usage: ${name} [OPTIONS]`, "", about, "", ...lines, `  ${"--help".padEnd(19)} show this help`].join("\n");
}
