/** The variables that configure Deno's cache, npm registry, proxy and certificates. */
const DENO_VARIABLES = [
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
 * Returns the variables that a Deno process with an otherwise empty environment needs to download packages like this
 * process. It also trusts the certificates of the machine, which a TLS-inspecting proxy requires.
 */
export function denoEnvironment(): Record<string, string> {
  const present = DENO_VARIABLES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(present),
    DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system",
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}
