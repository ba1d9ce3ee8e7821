// Runs the package on Windows' Node under wine. The addon is a debug build for windows-gnu, a stand-in: what is
// published is built for MSVC, with Microsoft's linker.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustRun } from "../release/must-run.js";
import { withZig } from "../release/zig.js";
import { buildAddon, packageWith } from "./addon.js";
import { CACHE } from "./cache.js";
import { download } from "./downloads.js";
import { prepareWine, underWine, windowsPath } from "./wine.js";

const TRIPLE = "x86_64-pc-windows-gnu";

/** What the loader looks for on Windows. */
const LOADED_AS = "win32-x64-msvc";

/** From npm, as `pins/` has them. */
export const WINDOWS_NODES = ["20.20.0", "22.23.3", "24.21.0", "26.10.0"];

/**
 * @param {string} version Node's
 * @returns {import("./rows.js").Platform}
 */
export function prepareWindows(version) {
  const system = prepareWine(download("windows-gnu"), WINDOWS_NODES);
  const home = packageWith(LOADED_AS, buildWindowsAddon());
  const node = `/${path.relative(system, path.join(system, `node-${version}`, "bin", "node.exe"))}`;
  return { command: [...underWine(home), node], home, pathOf: windowsPath };
}

/** @returns {string} the addon's path */
function buildWindowsAddon() {
  const { env, exported } = prepareLinking();
  const build = { triple: TRIPLE, env, rustc: ["-C", `link-arg=${exported}`] };
  return buildAddon(build, "vinext_seed_native.dll");
}

/** @returns {{ env: NodeJS.ProcessEnv, exported: string }} */
function prepareLinking() {
  const home = path.join(CACHE, "windows-gnu", "linking");
  mkdirSync(home, { recursive: true });
  // napi-build links against Node's library, from which nothing is needed: functions are looked up at run time.
  writeFileSync(path.join(home, "libnode.dll"), "");
  writeFileSync(path.join(home, "libnode.a"), "!<arch>\n");
  // zig does not export what rustc asks for, but what an object does.
  const source = path.join(home, "exported.c");
  const exported = path.join(home, "exported.o");
  const directive = String.raw`.section .drectve\n.ascii \" -export:napi_register_module_v1\"\n`;
  writeFileSync(source, `asm("${directive}");\n`);
  const zig = ["-m", "ziglang", "cc", "-target", "x86_64-windows-gnu"];
  mustRun("python3", [...zig, "-c", source, "-o", exported], { env: withZig() });
  return { env: { LIBNODE_PATH: home }, exported };
}
