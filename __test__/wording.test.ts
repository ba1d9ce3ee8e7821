// The repository's wording: no private names for what the field has a name for, and none of the phrases
// that readers stumbled over.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const FILE = fileURLToPath(import.meta.url);
const ROOT = path.dirname(path.dirname(FILE));

/** Names that this code once had, and the usual ones. */
const NAMES: Record<string, string> = {
  Courier: "BatchSender",
  Requester: "HttpTransport",
  Workshop: "PackContext",
  Desk: "Scratch",
  Claims: "WorkQueue",
  give_back: "requeue",
  taken_over: "release",
  Caps: "AdaptiveLimits",
  Pacer: "RateLimiter",
  Breaker: "CircuitBreaker",
  NotStored: "FailedEntries",
  ForeignText: "SanitizedText",
  foreign_text: "sanitized_text",
  Survey: "ManifestScan",
  Candidates: "KeyIndex",
  OrNull: "a check in lib/options",
  Nonsense: "UnexpectedReply",
  Unacceptable: "Rejected",
  CutOff: "ConnectionLost",
  with_doubt: "may_be_stored",
  roomy: "with_headroom",
  NotAFile: "FileError",
  UnsafePath: "UnsafePathError",
  BuildMoment: "BuildSnapshot",
  ManifestMoment: "ManifestSnapshot",
  LongestStay: "LongestTtl",
  EntryPlace: "BuildKeyspace",
  LookupPlace: "ArtifactLocation",
  off_the_executor: "run_blocking",
  take_for_disk: "read_for_disk",
  take_twins: "take_shared_names",
  leaves_out: "omits",
  MAX_FOREIGN_CHARACTERS: "MAX_SANITIZED_CHARACTERS",
};

/** Phrases, and plain English for them. */
const PHRASES: [RegExp, string][] = [
  [/\bartefact/iu, "artifact"],
  [/\b(?:is|are|be) taken for\b/iu, "is treated as, counts as"],
  [/\bwhat becomes? of\b/iu, "what happens to"],
  [/\bto be had\b/iu, "available, determined"],
  [/\bmended\b/iu, "fixed"],
  [/\bleft out\b/iu, "skipped, omitted"],
  [/\bgiven up\b/iu, "failed, abandoned"],
  [/\b(?:told|tells? (?:them|builds|formats|pages)) apart\b/iu, "distinguished"],
  [/\bat a time when\b/iu, "when"],
  [/\bgo(?:es)? by (?:it|the|its)\b/iu, "use, depend on"],
  [/\blies with\b/iu, "is up to, is caused by"],
  [/\b(?:hand(?:s|ed|ing) (?:in|over|out)|hand over)\b/iu, "pass, return"],
  [/\bfor ever\b/iu, "never …, forever"],
  [/\bin each other's way\b/iu, "conflict"],
  [/\bfor want of\b/iu, "for lack of, because … is missing"],
  [/\bwhoever\b/iu, "anyone who, the caller"],
  [/\bswitched off\b/iu, "disabled, off"],
  [/\bwhat matters most\b/iu, "the most important"],
  [/\bwhat may (?:not )?pass\b/iu, "transient errors, permanent errors"],
  [/\blet(?:s|ting)? go of\b/iu, "drop, release"],
  [/\b(?:note[sd]?|noting) down\b/iu, "record"],
  [/\blearnt\b/iu, "learned, determined"],
  [/\bwhose word counts\b/iu, "takes precedence"],
  [/\bstays? for good\b/iu, "never expires"],
  [/\bthreads of (?:its|their) own\b/iu, "separate threads"],
  [/\bis enough for\b/iu, "covers"],
  [/\bif need be\b/iu, "if necessary"],
  [/\bunless asked otherwise\b/iu, "by default"],
];

/** Texts of other projects, recorded data and generated files. */
const FOREIGN =
  /(?:^|\/)(?:package-lock\.json|Cargo\.lock|LICENSE)$|^benchmark\/runs\/|^compat\/zoo\/|^crates\/vinext-seed\/tests\/data\/|^example\/|^fuzz\/seeds\/|\.(?:svg|wasm|gz|png|bin|rsc)$/u;

it("has no private names or phrases that need a second reading", () => {
  const names = new RegExp(`\\b(?:${Object.keys(NAMES).join("|")})\\b`, "u");
  const files = execFileSync("git", ["ls-files", "-z", "--cached"], {
    cwd: ROOT,
    encoding: "utf-8",
    maxBuffer: 2 ** 26,
  })
    .split("\0")
    .filter((file) => file !== "" && !FOREIGN.test(file) && path.join(ROOT, file) !== FILE)
    .filter((file) => existsSync(path.join(ROOT, file)));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    readFileSync(path.join(ROOT, file), "utf-8")
      .split("\n")
      .flatMap((line, index) => {
        const place = `${file}:${index + 1}`;
        const name = names.exec(line)?.[0];
        return [
          ...(name === undefined ? [] : [`${place}: ${name}; say ${NAMES[name]}`]),
          ...PHRASES.flatMap(([phrase, instead]) => {
            const match = phrase.exec(line)?.[0];
            return match === undefined ? [] : [`${place}: "${match}"; say ${instead}`];
          }),
        ];
      }),
  );
  expect(found).toEqual([]);
});
