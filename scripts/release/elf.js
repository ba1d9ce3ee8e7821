// Reads which libraries and symbol versions a 64-bit little-endian ELF file needs.
//
// Throws on a damaged file or another kind. The layout is that of the System V ABI (gabi, chapters 4 and 5)
// and of the Linux Standard Base (symbol versioning, `.gnu.version_r`).

/** `e_machine` */
const MACHINES = new Map([
  [62, "x64"],
  [183, "arm64"],
]);

/** `sh_type` */
const DYNAMIC = 6;
const VERSION_NEEDS = 0x6ffffffe;

/** `d_tag` */
const DT_NULL = 0n;
const DT_NEEDED = 1n;

/** Sizes of the structures, in bytes. */
const SECTION_HEADER = 64;
const DYNAMIC_ENTRY = 16;

/**
 * @typedef {object} Elf
 * @property {string} machine as Node calls it, `x64` or `arm64`
 * @property {string[]} libraries
 * @property {{ library: string, version: string }[]} versions such as `GLIBC_2.17` of `libc.so.6`
 */

/**
 * @param {Buffer} bytes
 * @returns {Elf}
 */
export function readElf(bytes) {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) throw new Error("not an ELF file");
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error("not a 64-bit little-endian ELF file");
  const machine = MACHINES.get(bytes.readUInt16LE(18));
  if (machine === undefined) throw new Error(`for an unknown machine: ${bytes.readUInt16LE(18)}`);
  const sections = readSections(bytes);
  const stringsOf = (/** @type {Section} */ { link }) => {
    const strings = sections[link];
    if (strings === undefined) throw new Error(`section ${link} is missing`);
    return (/** @type {number} */ at) => stringAt(bytes, strings.offset + at);
  };
  return {
    machine,
    libraries: sections
      .filter(({ type }) => type === DYNAMIC)
      .flatMap((section) => readLibraries(bytes, section, stringsOf(section))),
    versions: sections
      .filter(({ type }) => type === VERSION_NEEDS)
      .flatMap((section) => readVersions(bytes, section, stringsOf(section))),
  };
}

/**
 * The newest glibc that a file asks for.
 * @param {Elf} elf
 * @returns {string | undefined} `2.17`; nothing if it asks for none
 */
export function newestGlibc({ versions }) {
  return versions
    .map(({ version }) => /^GLIBC_(\d+(?:\.\d+)+)$/u.exec(version)?.[1])
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1);
}

/**
 * @param {string} one
 * @param {string} other
 */
export function compareVersions(one, other) {
  const [left, right] = [one.split(".").map(Number), other.split(".").map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @typedef {{ type: number, offset: number, size: number, link: number, count: number }} Section */

/**
 * @param {Buffer} bytes
 * @returns {Section[]}
 */
function readSections(bytes) {
  const [start, count] = [Number(bytes.readBigUInt64LE(40)), bytes.readUInt16LE(60)];
  if (count === 0 || start + count * SECTION_HEADER > bytes.length) {
    throw new Error("the table of sections is missing or cut off");
  }
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * SECTION_HEADER;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      count: bytes.readUInt32LE(at + 44),
    };
  });
}

/**
 * @param {Buffer} bytes
 * @param {Section} section
 * @param {(at: number) => string} text
 */
function readLibraries(bytes, { offset, size }, text) {
  const libraries = [];
  for (let at = offset; at < offset + size; at += DYNAMIC_ENTRY) {
    const tag = bytes.readBigInt64LE(at);
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) libraries.push(text(Number(bytes.readBigUInt64LE(at + 8))));
  }
  return libraries;
}

/**
 * Two linked lists: libraries, and of each the versions. Links are relative, the last is 0, and the
 * section says how many libraries there are.
 * @param {Buffer} bytes
 * @param {Section} section
 * @param {(at: number) => string} text
 */
function readVersions(bytes, { offset, count }, text) {
  const versions = [];
  for (let [at, left] = [offset, count]; left > 0; left -= 1) {
    const library = text(bytes.readUInt32LE(at + 4));
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let entries = bytes.readUInt16LE(at + 2); entries > 0; entries -= 1) {
      versions.push({ library, version: text(bytes.readUInt32LE(entry + 8)) });
      entry += bytes.readUInt32LE(entry + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  return versions;
}

/**
 * @param {Buffer} bytes
 * @param {number} at
 */
function stringAt(bytes, at) {
  const end = bytes.indexOf(0, at);
  if (at >= bytes.length || end === -1) throw new Error("a name lies outside the file");
  return bytes.toString("latin1", at, end);
}
