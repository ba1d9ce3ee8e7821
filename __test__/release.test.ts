// The rules for binaries that are published, on binaries made by hand and on Node's own.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { describe, expect, it } from "vitest";
import { checkBinary } from "../scripts/release/check-binary.js";
import { compareVersions, newestGlibc, readElf } from "../scripts/release/elf.js";
import { rustFlagsOf } from "../scripts/release/rust-flags.js";
import { targetOf } from "../scripts/release/targets.js";

const X64 = 62;
const ARM64 = 183;

/** A shared library that needs these versions of these libraries; nothing in it can run. */
function elfOf(needs: Record<string, string[]>, { machine = X64, text = "" } = {}) {
  let strings = "\0";
  const at = (name: string) => {
    strings += `${name}\0`;
    return strings.length - name.length - 1;
  };
  const dynamic: Buffer[] = [];
  const versions: Buffer[] = [];
  const libraries = Object.entries(needs);
  for (const [index, [library, names]] of libraries.entries()) {
    const name = at(library);
    const entry = Buffer.alloc(16);
    entry.writeBigInt64LE(1n, 0);
    entry.writeBigUInt64LE(BigInt(name), 8);
    dynamic.push(entry);
    const need = Buffer.alloc(16);
    need.writeUInt16LE(names.length, 2);
    need.writeUInt32LE(name, 4);
    need.writeUInt32LE(16, 8);
    need.writeUInt32LE(index === libraries.length - 1 ? 0 : 16 + 16 * names.length, 12);
    versions.push(need);
    for (const [position, version] of names.entries()) {
      const auxiliary = Buffer.alloc(16);
      auxiliary.writeUInt32LE(at(version), 8);
      auxiliary.writeUInt32LE(position === names.length - 1 ? 0 : 16, 12);
      versions.push(auxiliary);
    }
  }
  const contents = [Buffer.concat([...dynamic, Buffer.alloc(16)]), Buffer.concat(versions)];
  const bodies = [...contents, Buffer.from(strings, "latin1"), Buffer.from(text)];
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(BigInt(64 + Buffer.concat(bodies).length), 40);
  header.writeUInt16LE(3, 60);
  let offset = 64;
  const sections = [6, 0x6ffffffe, 3].map((type, index) => {
    const section = Buffer.alloc(64);
    const size = bodies[index]?.length ?? 0;
    section.writeUInt32LE(type, 4);
    section.writeBigUInt64LE(BigInt(offset), 24);
    section.writeBigUInt64LE(BigInt(size), 32);
    section.writeUInt32LE(2, 40);
    section.writeUInt32LE(libraries.length, 44);
    offset += size;
    return section;
  });
  return Buffer.concat([header, ...bodies, ...sections]);
}

const GLIBC = {
  "libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.9"],
  "libm.so.6": ["GLIBC_2.2.5"],
};

describe("an ELF file", () => {
  it("lists its libraries and their versions", () => {
    expect(readElf(elfOf(GLIBC))).toEqual({
      machine: "x64",
      libraries: ["libc.so.6", "libm.so.6"],
      versions: [
        { library: "libc.so.6", version: "GLIBC_2.2.5" },
        { library: "libc.so.6", version: "GLIBC_2.17" },
        { library: "libc.so.6", version: "GLIBC_2.9" },
        { library: "libm.so.6", version: "GLIBC_2.2.5" },
      ],
    });
  });

  it("compares glibc versions numerically", () => {
    expect(newestGlibc(readElf(elfOf(GLIBC)))).toBe("2.17");
    expect(newestGlibc(readElf(elfOf({ "libc.so.6": ["GLIBC_PRIVATE"] })))).toBeUndefined();
    expect(compareVersions("2.2.5", "2.17")).toBeLessThan(0);
    expect(compareVersions("2.17", "2.17.0")).toBe(0);
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["something else", Buffer.alloc(200, "x")],
    ["cut off", elfOf(GLIBC).subarray(0, -10)],
    ["for 32 bits", Buffer.from(elfOf(GLIBC)).fill(1, 4, 5)],
  ])("is rejected if it is %s", (_, bytes) => {
    expect(() => readElf(bytes)).toThrow();
  });

  const readelf = spawnSync("readelf", ["--version-info", "--wide", process.execPath], {
    encoding: "utf-8",
    maxBuffer: 1 << 28,
  });
  it.skipIf(process.platform !== "linux" || readelf.status !== 0)("is read like readelf", () => {
    const theirs = [...readelf.stdout.matchAll(/Name: (\S+)\s+Flags: .*Version: \d+/gu)];
    const ours = readElf(readFileSync(process.execPath)).versions.map(({ version }) => version);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.sort()).toEqual(theirs.map(([, name]) => name).sort());
  });
});

describe("a binary to be published", () => {
  const gnu = targetOf("linux-x64-gnu");

  it("may need glibc 2.17", () => {
    expect(() => checkBinary(elfOf(GLIBC), gnu)).not.toThrow();
  });

  it("must not need a newer one", () => {
    const bytes = elfOf({ ...GLIBC, "libm.so.6": ["GLIBC_2.29"] });
    expect(() => checkBinary(bytes, gnu)).toThrow(/needs glibc 2\.29 \(libm\.so\.6\), not 2\.17/u);
  });

  it("must not need uncommon libraries", () => {
    const bytes = elfOf({ ...GLIBC, "libssl.so.3": [] });
    expect(() => checkBinary(bytes, gnu)).toThrow("needs libssl.so.3");
  });

  it("must be for the platform of its package", () => {
    const arm = elfOf(GLIBC, { machine: ARM64 });
    expect(() => checkBinary(arm, gnu)).toThrow("is for arm64, not for x64");
    expect(() => checkBinary(arm, targetOf("linux-arm64-gnu"))).not.toThrow();
    expect(() => checkBinary(elfOf(GLIBC), targetOf("linux-x64-musl"))).toThrow("libc.so.6");
    expect(() => checkBinary(elfOf(GLIBC), targetOf("darwin-x64"))).toThrow("Mach-O");
    expect(() => checkBinary(elfOf(GLIBC), targetOf("win32-x64-msvc"))).toThrow("PE");
  });

  it("must be linked to the libc of its package", () => {
    const musl = elfOf({ "libc.so": [] });
    expect(() => checkBinary(musl, targetOf("linux-x64-musl"))).not.toThrow();
    expect(() => checkBinary(musl, gnu)).toThrow("libc.so");
  });

  it("must not contain a directory of the build machine", () => {
    const bytes = elfOf(GLIBC, { text: `${os.homedir()}/.cargo/registry/src/lib.rs` });
    expect(() => checkBinary(bytes, gnu)).toThrow(/names .*, a directory of this machine/u);
  });
});

it("a macOS library does not contain its link path", () => {
  const flags = rustFlagsOf(targetOf("darwin-arm64"));
  expect(flags).toContain("-install_name,@rpath/seed-native.darwin-arm64.node");
  expect(rustFlagsOf(targetOf("linux-x64-gnu"))).not.toContain("install_name");
});
