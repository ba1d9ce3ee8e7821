// Ends a process and everything it has started.
//
// On Unix, `spawnScript` puts them into their own group. Windows has no such groups: a child that
// Node started ends with its parent, but that child's own children do not; `taskkill` finds them by
// parent id.

import { spawn } from "node:child_process";
import path from "node:path";

/**
 * Where Windows keeps `taskkill`; nothing on other systems. Not looked up in PATH, where the
 * project may have a program of that name.
 */
export function taskkillPath() {
  if (process.platform !== "win32") return undefined;
  return path.join(process.env.SystemRoot ?? "C:\\Windows", "System32", "taskkill.exe");
}

/**
 * @param {number} pid a process that has not been waited for, or this one
 * @param {string | undefined} taskkill see `taskkillPath`
 * @param {() => void} [whenDone] called once: at once on Unix, else when `taskkill` has ended
 */
export function endTree(pid, taskkill, whenDone = () => {}) {
  if (taskkill === undefined) {
    kill(-pid);
    return whenDone();
  }
  /** @param {number | null} [code] */
  const finish = (code) => {
    if (code !== 0) kill(pid);
    whenDone();
  };
  try {
    // Detached, so that it outlives the process that started it, which may be one of those that it ends.
    const how = /** @type {const} */ ({ detached: true, stdio: "ignore", windowsHide: true });
    const ending = spawn(taskkill, ["/PID", String(pid), "/T", "/F"], how);
    ending.once("error", () => finish());
    if (ending.pid !== undefined) ending.once("exit", finish);
  } catch {
    finish();
  }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
