// Options that only the command has.

/** @type {import("./option.js").OptionRow[]} */
export const COMMAND_OPTIONS = [
  {
    name: "seedCache",
    kind: "boolean",
    of: [],
    doc: "build and deploy without seeding",
    flags: [
      {
        flags: "--no-seed-cache",
        commands: ["deploy"],
        help: "build and deploy without seeding",
      },
    ],
  },
  {
    name: "verify",
    kind: "boolean",
    of: [],
    doc: "verify at the end, as the command `verify` does",
    flags: [
      {
        flags: "--verify",
        commands: ["deploy"],
        help: "verify at the end, as the command verify does",
      },
    ],
  },
  {
    name: "quiet",
    kind: "boolean",
    of: [],
    doc: "print warnings and errors only",
    flags: [{ flags: "-q, --quiet", help: "print warnings and errors only", conflicts: "verbose" }],
  },
  {
    name: "verbose",
    kind: "boolean",
    of: [],
    doc: "print every skipped route, and where the target comes from",
    flags: [
      {
        flags: "-v, --verbose",
        help: "print every skipped route, and where the target comes from",
      },
    ],
  },
  {
    name: "json",
    kind: "boolean",
    of: [],
    doc: "print one JSON document on standard output, and nothing else there",
    flags: [
      {
        flags: "--json",
        help: "print one JSON document on standard output, and nothing else there",
      },
    ],
  },
  {
    name: "color",
    kind: "boolean",
    of: [],
    doc: "print without colours, as with NO_COLOR",
    flags: [{ flags: "--no-color", help: "print without colours, as with NO_COLOR" }],
  },
];
