// Runs before the first paint, so that a dark page does not flash white. Mantine defines the key and the attribute.
let chosen = null;
try {
  chosen = localStorage.getItem("mantine-color-scheme-value");
} catch {
  // The browser blocks storage: the system decides.
}
const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
