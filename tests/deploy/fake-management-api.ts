import { dirname, join, normalize } from "node:path";

/** The files the CLI uploaded for one function. */
export interface Upload {
  slug: string;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  metadata: { name: string; entrypoint_path: string; import_map_path: string; verify_jwt: boolean };
}

/** Replaces Supabase's management API as far as `functions deploy --use-api` calls it, and keeps the uploads. */
export interface FakeManagementApi {
  url: string;
  uploads: Upload[];
  /** Requests the fake does not know. Should stay empty. */
  unknown: string[];
  stop(): Promise<void>;
}

export function startFakeManagementApi(): FakeManagementApi {
  const uploads: Upload[] = [];
  const unknown: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "POST" && pathname.endsWith("/functions/deploy")) {
      const upload = await readUpload(searchParams.get("slug") ?? "", await request.formData());
      uploads.push(upload);
      return Response.json(functionOf(upload), { status: 201 });
    }
    if (request.method === "GET" && pathname.endsWith("/functions")) return Response.json([]);
    if (request.method === "PUT" && pathname.endsWith("/functions")) {
      return Response.json({ functions: uploads.map(functionOf) });
    }
    unknown.push(`${request.method} ${pathname}`);
    return Response.json({ message: "Not here" }, { status: 404 });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, uploads, unknown, stop: () => server.shutdown() };
}

async function readUpload(slug: string, form: FormData): Promise<Upload> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const part of form.getAll("file")) {
    if (part instanceof File) files.set(part.name, new Uint8Array(await part.arrayBuffer()));
  }
  const metadata = form.get("metadata");
  const text = metadata instanceof File ? await metadata.text() : String(metadata);
  return { slug, files, metadata: JSON.parse(text) };
}

function functionOf({ slug, metadata }: Upload) {
  const now = Date.now();
  return {
    id: crypto.randomUUID(),
    slug,
    status: "ACTIVE",
    version: 1,
    created_at: now,
    updated_at: now,
    ...metadata,
  };
}

/** Writes an upload into an empty folder. @throws Error for a path outside the folder */
export async function unpack({ files }: Upload, folder: string): Promise<void> {
  for (const [path, content] of files) {
    const target = normalize(join(folder, path));
    if (!target.startsWith(`${folder}/`)) throw new Error(`Cannot unpack "${path}": the path is outside the folder`);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, content);
  }
}
