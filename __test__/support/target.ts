// Resolves targets with a loopback API, isolated from the user who runs the tests.

import { onTestFinished, vi } from "vitest";
import { resolveTarget, type TargetOptions } from "../../lib/wrangler/resolve.js";
import { temporaryDirectory } from "./build.js";
import { startCloudflare, type CloudflareOptions } from "./cloudflare.js";

export const OTHER = "22222222222222222222222222222222";
export const STAGING = "33333333333333333333333333333333";

/** Sets only these of the relevant variables, until the test ends. */
export function stubVariables(variables: Record<string, string | undefined>) {
  for (const name of Object.keys(process.env)) {
    if (/^(?:CLOUDFLARE|CF|WRANGLER)_/u.test(name)) vi.stubEnv(name, undefined);
  }
  // Not the login of the user who runs the tests.
  const home = temporaryDirectory();
  const all = { HOME: home, USERPROFILE: home, XDG_CONFIG_HOME: home, CI: "1", ...variables };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return home;
}

export async function resolve(
  root: string,
  options: Partial<TargetOptions> = {},
  { api, env }: { api?: CloudflareOptions; env?: Record<string, string | undefined> } = {},
) {
  const cloudflare = await startCloudflare(api);
  const home = stubVariables({ ...cloudflare.env, ...env });
  return { target: await resolveTarget({ root, ...options }), cloudflare, home };
}
