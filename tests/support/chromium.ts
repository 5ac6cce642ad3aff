/** How to install Chromium. */
export const HOW_TO_INSTALL =
  "Install one (Debian: `apt-get install -y chromium-headless-shell`, Ubuntu: `chromium`), or set CHROMIUM_PATH to a Chromium or Chrome you have";

/** The first one, Debian's browser without windows, takes half the processor time of the others. */
const USUAL_PLACES = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser to test with: CHROMIUM_PATH, or one in a usual place. Null when there is none. */
export async function findChromium(): Promise<string | null> {
  const named = Deno.env.get("CHROMIUM_PATH");
  for (const path of named === undefined ? USUAL_PLACES : [named]) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return null;
}
