// Downloads packages of Debian trixie from where this machine's own packages are from, without a change to it.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Missing } from "./missing.js";
import { mustRun } from "../release/must-run.js";

/** The release that all lists in `pins/` are from. */
const SUITE = "trixie";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * @param {string[]} files names as `apt-get download` gives them
 * @returns {import("./downloads.js").Request["prepare"]}
 */
export function debianRequest(files) {
  return (directory) => {
    const env = { ...process.env, APT_CONFIG: configureApt(directory, architecturesOf(files)) };
    mustRun("apt-get", ["--quiet", "--quiet", "update"], { env });
    return { command: ["apt-get", "--quiet", "--quiet", "download", ...files.map(packageOf)], env };
  };
}

/**
 * @param {string} file
 * @returns {string} as apt names it: `libc6:arm64=2.41-12`
 */
export function packageOf(file) {
  // The colon of an epoch is escaped.
  const [name, version, architecture] = decodeURIComponent(file)
    .replace(/\.deb$/u, "")
    .split("_");
  return `${name}${architecture === "all" ? "" : `:${architecture}`}=${version}`;
}

/** @param {string[]} files */
function architecturesOf(files) {
  const found = new Set(files.map((file) => /_([^_]+)\.deb$/u.exec(file)?.[1] ?? ""));
  return [...found].filter((architecture) => architecture !== "all");
}

/**
 * Lists, cache and status of its own: nothing is installed here, as far as apt knows.
 * @param {string} directory
 * @param {string[]} architectures
 * @returns {string} the configuration's path
 */
function configureApt(directory, architectures) {
  const home = path.join(directory, "apt");
  const parts = path.join(home, "parts");
  for (const each of ["parts", "lists/partial", "cache/archives/partial"]) {
    mkdirSync(path.join(home, each), { recursive: true });
  }
  const sources = path.join(home, "sources.list");
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${mirror()} ${SUITE} main\n`);
  writeFileSync(path.join(home, "status"), "");
  const file = path.join(home, "apt.conf");
  const lines = [
    // How this machine downloads; not what it does afterwards.
    apt("apt-config", ["dump", "--format", '%F "%v";%n', "Acquire"]),
    ...["Dir::Etc::parts", "Dir::Etc::sourceparts"].map((name) => `${name} "${parts}";`),
    'Dir::Etc::main "/dev/null";',
    `Dir::Etc::sourcelist "${sources}";`,
    `Dir::State::lists "${path.join(home, "lists")}";`,
    `Dir::State::status "${path.join(home, "status")}";`,
    `Dir::Cache "${path.join(home, "cache")}";`,
    `APT::Architectures { ${architectures.map((name) => `"${name}";`).join(" ")} };`,
    // The directory is this user's alone.
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** Where this machine's own release of Debian is from: trixie is there too. */
function mirror() {
  const system = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf-8") : "";
  const codename = /^VERSION_CODENAME=(.+)$/mu.exec(system)?.[1];
  if (!/^ID=debian$/mu.test(system) || codename === undefined || !existsSync(KEYRING)) {
    throw new Missing("needs packages of Debian, and this is another system");
  }
  const targets = apt("apt-get", [
    "indextargets",
    "--format",
    "$(CREATED_BY) $(RELEASE) $(REPO_URI)",
  ]);
  const found = targets.split("\n").find((line) => line.startsWith(`Packages ${codename} `));
  if (found === undefined) throw new Missing(`apt has no source of Debian ${codename}`);
  return found.split(" ")[2] ?? "";
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string} what it printed
 */
function apt(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf-8" });
  if (status !== 0) throw new Missing(`needs apt: ${command} does not work here`);
  return stdout;
}
