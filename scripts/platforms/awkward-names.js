// Pages whose files have names that Windows treats in its own way: each must be seeded, or skipped for the reason
// that is true.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CACHE } from "./cache.js";
import { FIXTURE } from "./fixture.js";
import { runOn } from "./run.js";

const SITE = path.join(CACHE, "windows-gnu", "awkward-names");

const ARTIFACTS = path.join("dist", "server", "prerendered-routes");

/** It only plans. */
const LIMIT_MS = 120_000;

const DEVICE = "its name has a part that names a device on Windows";
const ELSEWHERE = "its name has a `\\` or `:`, which leads to another file on Windows";
const IMPOSSIBLE = "its name has a character that no file name has on Windows";
const TRIMMED = "its name has a dot or blank at the end of a part, which Windows removes";

/**
 * What is expected of each page: `seeded`, or a part of the reason. All files exist, except where it says so.
 * @type {Record<string, string>}
 */
const EXPECTED = {
  "/aux": DEVICE,
  "/NUL": DEVICE,
  "/com1": DEVICE,
  "/lpt9": DEVICE,
  "/prn.de": DEVICE,
  "/con/below": DEVICE,
  "/auxiliary": "seeded",
  "/com10": "seeded",
  "/with space": "seeded",
  "/percent%3Acolon": "seeded",
  "/ends./below": TRIMMED,
  "/a-page:stream": ELSEWHERE,
  "/C:drive": "its path is an absolute file path",
  "/back\\slash": "its path contains a backslash",
  "/what?": IMPOSSIBLE,
  "/star*": IMPOSSIBLE,
  "/pipe|": IMPOSSIBLE,
  "/<angle>": IMPOSSIBLE,
  '/"quoted"': IMPOSSIBLE,
  "/d": "it is a directory",
  "/Shared": "this disk ignores case",
  "/shared": "this disk ignores case",
  "/none": "does not exist",
};

/** There is no such file, or a directory. */
const WITHOUT_FILE = new Set(["/d", "/Shared", "/none"]);

/**
 * @param {import("./rows.js").Platform} platform
 * @returns {Promise<import("./rows.js").Outcome>}
 */
export async function planAwkwardNames(platform) {
  const { home = "", pathOf = (file) => file } = platform;
  writeSite();
  const child = path.join(home, "scripts", "platforms", "plan-child.js");
  const options = { root: pathOf(SITE), runtime: { vinext: "1.4.0" }, maxListed: 1000 };
  const args = [pathOf(child), JSON.stringify(options)];
  const { output, status } = await runOn(platform, args, { limitMs: LIMIT_MS });
  if (status !== 0) return { summary: "no plan", problems: [`it ended with ${status}`], output };
  const problems = compare(JSON.parse(output));
  const total = Object.keys(EXPECTED).length;
  return { summary: `${total - problems.length}/${total} names`, problems, output };
}

/** @param {{ routesSkipped: { route: string, reason: string }[] }} plan */
function compare({ routesSkipped }) {
  const reasons = new Map(routesSkipped.map(({ route, reason }) => [route, reason]));
  return Object.entries(EXPECTED).flatMap(([route, expected]) => {
    const found = reasons.get(route) ?? "seeded";
    return found.includes(expected) ? [] : [`${route}: expected "${expected}", not "${found}"`];
  });
}

function writeSite() {
  rmSync(SITE, { recursive: true, force: true });
  cpSync(FIXTURE, SITE, { recursive: true });
  const manifest = path.join(SITE, "dist", "server", "vinext-prerender.json");
  const known = JSON.parse(readFileSync(manifest, "utf-8"));
  const routes = Object.keys(EXPECTED).map((route) => ({
    ...{ route, status: "rendered", revalidate: false, router: "app" },
    tags: [route, `_N_T_${route}`],
  }));
  writeFileSync(manifest, JSON.stringify({ ...known, routes }));
  for (const extension of ["html", "rsc"]) {
    const content = readFileSync(path.join(SITE, ARTIFACTS, `about.${extension}`));
    for (const route of Object.keys(EXPECTED).filter((route) => !WITHOUT_FILE.has(route))) {
      const file = path.join(SITE, ARTIFACTS, `${route.slice(1)}.${extension}`);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  mkdirSync(path.join(SITE, ARTIFACTS, "d.html"));
}
