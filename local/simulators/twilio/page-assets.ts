import type { HttpAnswer } from "./http.ts";

const FILES: Record<string, { file: string; contentType: string }> = {
  "/": { file: "index.html", contentType: "text/html; charset=utf-8" },
  "/frame.css": { file: "frame.css", contentType: "text/css; charset=utf-8" },
  "/list.css": { file: "list.css", contentType: "text/css; charset=utf-8" },
  "/phone.css": { file: "phone.css", contentType: "text/css; charset=utf-8" },
  "/phones.js": { file: "phones.js", contentType: "text/javascript; charset=utf-8" },
  "/views.js": { file: "views.js", contentType: "text/javascript; charset=utf-8" },
  "/phone.svg": { file: "phone.svg", contentType: "image/svg+xml" },
};

/** Reads the files of the page and returns the response for each path. */
export async function loadPage(): Promise<Map<string, HttpAnswer>> {
  const answers = new Map<string, HttpAnswer>();
  for (const [path, { file, contentType }] of Object.entries(FILES)) {
    const body = await Deno.readTextFile(new URL(`./page/${file}`, import.meta.url));
    answers.set(path, {
      status: 200,
      headers: {
        "content-type": contentType,
        "cache-control": "no-cache",
        "content-security-policy":
          "default-src 'self'; img-src * data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      },
      body,
    });
  }
  return answers;
}
