import type { Plugin } from "vite";

/** The module that holds the class names of one Mantine component, such as `…/@mantine/core/esm/…/Button.module.mjs`. */
const CLASS_NAMES = /\/@mantine\/([a-z]+)\/esm\/(?:.*\/)?(\w+)\.module\.mjs$/;

/**
 * Returns the stylesheet of the Mantine component whose class names a module holds, or null for another module. Only
 * `@mantine/core` has one stylesheet per component. The `.layer.css` files put Mantine's rules below ours in any order.
 */
export function stylesheetOf(id: string): string | null {
  const [, name, component] = CLASS_NAMES.exec(id.replaceAll("\\", "/")) ?? [];
  if (name === undefined) return null;
  return name === "core" ? `@mantine/core/styles/${component}.layer.css` : `@mantine/${name}/styles.layer.css`;
}

/**
 * Loads the styles of exactly the Mantine components that a chunk uses: the whole stylesheet is three times as large. A
 * component imports the components below it first, so their rules precede its own.
 */
export function mantineStyles(): Plugin {
  return {
    name: "mantine-styles",
    transform(code, id) {
      const stylesheet = stylesheetOf(id);
      return stylesheet === null ? null : { code: `import "${stylesheet}";\n${code}`, map: null };
    },
  };
}
