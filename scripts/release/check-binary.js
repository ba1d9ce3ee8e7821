// Checks that a binary may be published for a target. Whether it works is what the tests on each platform show.

import os from "node:os";
import { compareVersions, newestGlibc, readElf } from "./elf.js";
import { ROOT } from "./targets.js";

/** The oldest glibc that binaries are for: RHEL 7's, and the floor of Rust's own. */
export const GLIBC_FLOOR = "2.17";

/** What glibc has had since before the floor, and Rust's standard library needs. */
const GLIBC_LIBRARIES =
  /^(?:lib(?:c|m|dl|pthread|rt|util)\.so\.\d|ld-linux-(?:x86-64|aarch64)\.so\.\d)$/u;
const MUSL_LIBRARIES = /^(?:libc\.musl-(?:x86_64|aarch64)\.so\.1|libc\.so|libgcc_s\.so\.1)$/u;

/** `IMAGE_FILE_MACHINE_…` */
const WINDOWS_MACHINES = new Map([
  [0x8664, "x64"],
  [0xaa64, "arm64"],
]);
/** `CPU_TYPE_…` */
const MAC_MACHINES = new Map([
  [0x0100_0007, "x64"],
  [0x0100_000c, "arm64"],
]);

/**
 * @param {Buffer} bytes
 * @param {import("./targets.js").Target} target
 */
export function checkBinary(bytes, { file, os: system, cpu, libc }) {
  const machine =
    libc !== undefined ? elf(bytes, libc, file) : system === "darwin" ? machO(bytes) : pe(bytes);
  if (machine !== cpu) throw new Error(`${file} is for ${machine}, not for ${cpu}`);
  for (const directory of [os.homedir(), process.env.CARGO_HOME, ROOT]) {
    if (directory && directory !== "/" && bytes.includes(directory)) {
      throw new Error(`${file} names ${directory}, a directory of this machine`);
    }
  }
}

/**
 * @param {Buffer} bytes
 * @param {"glibc" | "musl"} libc
 * @param {string} file
 */
function elf(bytes, libc, file) {
  const binary = readElf(bytes);
  const known = libc === "glibc" ? GLIBC_LIBRARIES : MUSL_LIBRARIES;
  const others = binary.libraries.filter((library) => !known.test(library));
  if (others.length > 0) throw new Error(`${file} needs ${others.join(", ")}`);
  const newest = newestGlibc(binary);
  if (libc === "glibc" && newest === undefined) throw new Error(`${file} is not linked to glibc`);
  if (libc === "musl" && newest !== undefined) throw new Error(`${file} is linked to glibc`);
  if (newest !== undefined && compareVersions(newest, GLIBC_FLOOR) > 0) {
    const names = binary.versions
      .filter(({ version }) => version === `GLIBC_${newest}`)
      .map(({ library }) => library);
    throw new Error(`${file} needs glibc ${newest} (${names.join(", ")}), not ${GLIBC_FLOOR}`);
  }
  return binary.machine;
}

/** @param {Buffer} bytes */
function machO(bytes) {
  if (bytes.readUInt32LE(0) !== 0xfeedfacf) throw new Error("not a 64-bit Mach-O file");
  return MAC_MACHINES.get(bytes.readUInt32LE(4));
}

/** @param {Buffer} bytes */
function pe(bytes) {
  const header = bytes.readUInt32LE(60);
  if (bytes.toString("latin1", 0, 2) !== "MZ" || bytes.readUInt32BE(header) !== 0x50450000) {
    throw new Error("not a PE file");
  }
  return WINDOWS_MACHINES.get(bytes.readUInt16LE(header + 4));
}
