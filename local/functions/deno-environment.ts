/** Where Deno finds its cache, its registry and its way out. */
const OF_DENO = [
  "DENO_CERT",
  "DENO_DIR",
  "HOME",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "NPM_CONFIG_REGISTRY",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TMPDIR",
  "XDG_CACHE_HOME",
];

/**
 * What a Deno that starts from an empty environment needs to download packages as the one that starts it would. It trusts
 * the machine's own certificates too: where a proxy stands in between, nothing else would do.
 */
export function denoEnvironment(): Record<string, string> {
  const known = OF_DENO.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(known),
    DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system",
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}
