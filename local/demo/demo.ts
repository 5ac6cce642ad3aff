// `deno task demo`: boots an ephemeral stack, runs every step of the story against it, and prints the evidence.
import { whenLauncherEnds } from "../launcher.ts";
import { startStack } from "../stack.ts";
import { factsOf, STORY } from "./story.ts";

const green = (text: string) => Deno.noColor ? text : `\x1b[32m${text}\x1b[0m`;
const red = (text: string) => Deno.noColor ? text : `\x1b[31m${text}\x1b[0m`;
const dim = (text: string) => Deno.noColor ? text : `\x1b[2m${text}\x1b[0m`;

async function play(): Promise<boolean> {
  console.log("Switchboard demo on an ephemeral stack\n");
  const began = performance.now();
  let booting = true;
  const stack = await startStack({
    ephemeral: true,
    scheduler: 300,
    log: (line) => booting && console.log(dim(`  ${line}`)),
  });
  booting = false;
  const stop = () => void stack.stop().finally(() => Deno.exit(130));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stop);
  await whenLauncherEnds(stop);
  console.log();
  try {
    const facts = factsOf(stack.state);
    for (const [index, step] of STORY.entries()) {
      const started = performance.now();
      try {
        const evidence = await step.play(facts);
        console.log(
          `${green("✓")} ${index + 1}. ${step.title} ${dim(`(${Math.round(performance.now() - started)} ms)`)}`,
        );
        for (const line of evidence) console.log(`     ${line}`);
      } catch (error) {
        console.log(`${red("✗")} ${index + 1}. ${step.title}\n     ${error instanceof Error ? error.message : error}`);
        return false;
      }
    }
    console.log(
      `\n${green("All steps passed.")} ${STORY.length} steps in ${
        ((performance.now() - began) / 1000).toFixed(1)
      } s, including the boot.`,
    );
    console.log("Next: run `npx -y deno@2.9.6 task start` to keep a stack running and open the pages it lists.");
    return true;
  } finally {
    await stack.stop();
  }
}

Deno.exit(await play() ? 0 : 1);
